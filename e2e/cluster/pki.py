"""Keys, certificates and kubeconfigs of one cluster, made with openssl."""

import secrets
import subprocess

from layout import ClusterError, write

DAYS = "365"


class Pki:
    def __init__(self, cluster):
        self.cluster = cluster
        self.directory = cluster.path("pki")

    def key(self, name):
        return self.directory / f"{name}.key"

    def certificate(self, name):
        return self.directory / f"{name}.crt"

    def public_key(self, name):
        return self.directory / f"{name}.pub"

    @property
    def ca(self):
        return self.certificate("ca")

    def ensure_authorities(self):
        """One CA for the cluster, one for etcd (whose every client may do everything), one key for tokens."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in ("ca", "etcd-ca"):
            if not self.certificate(name).exists():
                self.make_key(name)
                self.openssl("req", "-x509", "-new", "-key", self.key(name), "-days", DAYS, "-subj", f"/CN=marea {name}",
                             "-addext", "keyUsage=critical,keyCertSign,digitalSignature", "-out", self.certificate(name))
        if not self.public_key("service-accounts").exists():
            self.make_key("service-accounts")
            self.openssl("pkey", "-in", self.key("service-accounts"), "-pubout",
                         "-out", self.public_key("service-accounts"))

    def ensure(self, name, common_name, organization="", addresses=(), names=(), authority="ca"):
        """A certificate for a client, which may serve too when it has addresses or names."""
        if self.certificate(name).exists():
            return
        self.make_key(name)
        subject = (f"/O={organization}" if organization else "") + f"/CN={common_name}"
        request = self.directory / f".{name}.csr"
        self.openssl("req", "-new", "-key", self.key(name), "-subj", subject, "-out", request)
        extensions = ["basicConstraints=critical,CA:FALSE", "keyUsage=critical,digitalSignature"]
        alternatives = [f"IP:{a}" for a in addresses] + [f"DNS:{n}" for n in names]
        extensions.append(f"extendedKeyUsage=clientAuth{',serverAuth' if alternatives else ''}")
        if alternatives:
            extensions.append(f"subjectAltName={','.join(alternatives)}")
        # A random number each, as no file of issued numbers is kept.
        self.openssl("x509", "-req", "-in", request, "-CA", self.certificate(authority), "-CAkey", self.key(authority),
                     "-set_serial", f"0x{secrets.token_hex(12)}", "-days", DAYS,
                     "-extfile", "/dev/stdin", "-out", self.certificate(name), text="\n".join(extensions))
        request.unlink()

    def ensure_kubeconfig(self, name, user, organization="system:masters"):
        """A kubeconfig for a client certificate; returns its path."""
        self.ensure(name, user, organization)
        path = self.directory / f"{name}.kubeconfig"
        credentials = f"client-certificate: {self.certificate(name)}\n    client-key: {self.key(name)}"
        write(path, self.kubeconfig(user, credentials, self.ca), mode=0o600)
        return path

    def kubeconfig(self, user, credentials, ca):
        name = self.cluster.name
        return f"""apiVersion: v1
kind: Config
clusters:
- name: {name}
  cluster:
    server: {self.cluster.api_url}
    certificate-authority: {ca}
users:
- name: {user}
  user:
    {credentials}
contexts:
- name: {name}
  context:
    cluster: {name}
    user: {user}
current-context: {name}
"""

    def make_key(self, name):
        # openssl makes the file readable by its owner alone.
        self.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.key(name))

    def openssl(self, *arguments, text=None):
        done = subprocess.run(["openssl", *map(str, arguments)], input=text, text=True, capture_output=True)
        if done.returncode != 0:
            raise ClusterError(f"openssl {arguments[0]} failed: {done.stderr.strip()}")
