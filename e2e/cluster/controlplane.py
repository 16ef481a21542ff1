"""etcd, the API server, the controller manager and the scheduler."""

import shutil

from layout import write

# Everybody proves who they are; only health may be asked by anyone.
AUTHENTICATION = """apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
anonymous:
  enabled: true
  conditions:
  - path: /livez
  - path: /readyz
  - path: /healthz
"""

# One line per finished request: who, which verb, which object, which answer. A watch has one more, when it begins.
AUDIT_POLICY = """apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: None
  nonResourceURLs: ["/livez*", "/readyz*", "/healthz*"]
- level: Metadata
"""

SCHEDULER = """apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
leaderElection: {{leaderElect: false}}
clientConnection: {{kubeconfig: {kubeconfig}, qps: 500, burst: 1000}}
"""


def prepare(cluster, pki):
    pki.ensure_authorities()
    pki.ensure("etcd", "etcd", addresses=["127.0.0.1"], authority="etcd-ca")
    first_service = cluster.services.network_address + 1
    pki.ensure(
        "kube-apiserver",
        "kube-apiserver",
        addresses=["127.0.0.1", cluster.host_address, first_service],
        names=["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"],
    )
    pki.ensure("kubelet-client", "kube-apiserver-kubelet-client", "system:masters")
    admin = pki.ensure_kubeconfig("admin", "admin")
    shutil.copy(admin, cluster.admin_kubeconfig)
    write(cluster.path("config", "authentication.yaml"), AUTHENTICATION)
    write(cluster.path("config", "audit-policy.yaml"), AUDIT_POLICY)


def start_etcd(cluster, pki, processes, bin_dir):
    client = f"https://127.0.0.1:{cluster.port('etcd')}"
    peer = f"http://127.0.0.1:{cluster.port('etcd-peer')}"  # nobody connects: one member
    command = [
        bin_dir / "etcd", "--name=etcd", f"--data-dir={cluster.path('etcd')}",
        f"--listen-client-urls={client}", f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=etcd={peer}",
        f"--cert-file={pki.certificate('etcd')}", f"--key-file={pki.key('etcd')}",
        "--client-cert-auth", f"--trusted-ca-file={pki.certificate('etcd-ca')}",
        # A test cluster outlives its processes but need not outlive a power cut.
        "--unsafe-no-fsync", "--log-level=warn", "--auto-compaction-retention=10m",
        # As kubeadm sets it: without progress from etcd the API server has no bookmarks for quiet kinds.
        "--watch-progress-notify-interval=5s",
    ]
    processes.start("etcd", command)


def start_api_server(cluster, pki, processes, bin_dir):
    command = [
        bin_dir / "kube-apiserver",
        f"--etcd-servers=https://127.0.0.1:{cluster.port('etcd')}", f"--etcd-cafile={pki.certificate('etcd-ca')}",
        f"--etcd-certfile={pki.certificate('etcd')}", f"--etcd-keyfile={pki.key('etcd')}",
        f"--bind-address={cluster.api_address}", f"--secure-port={cluster.port('kube-apiserver')}",
        f"--tls-cert-file={pki.certificate('kube-apiserver')}", f"--tls-private-key-file={pki.key('kube-apiserver')}",
        f"--client-ca-file={pki.ca}", f"--authentication-config={cluster.path('config', 'authentication.yaml')}",
        f"--service-account-key-file={pki.public_key('service-accounts')}",
        f"--service-account-signing-key-file={pki.key('service-accounts')}",
        "--service-account-issuer=https://kubernetes.default.svc",
        "--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
        f"--service-cluster-ip-range={cluster.services}",
        f"--kubelet-client-certificate={pki.certificate('kubelet-client')}",
        f"--kubelet-client-key={pki.key('kubelet-client')}", f"--kubelet-certificate-authority={pki.ca}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--audit-policy-file={cluster.path('config', 'audit-policy.yaml')}",
        f"--audit-log-path={cluster.path('audit.log')}", "--audit-log-maxsize=0",
        "--profiling=false",
    ]
    if not cluster.real:
        # Loopback cannot be an endpoint of the Service 'kubernetes', and no pod is there to use it.
        command.append("--endpoint-reconciler-type=none")
    processes.start("kube-apiserver", command)


def start_controllers(cluster, pki, processes, bin_dir):
    manager = pki.ensure_kubeconfig("kube-controller-manager", "system:kube-controller-manager", "")
    processes.start("kube-controller-manager", [
        bin_dir / "kube-controller-manager", f"--kubeconfig={manager}", "--leader-elect=false",
        "--use-service-account-credentials", f"--root-ca-file={pki.ca}",
        f"--service-account-private-key-file={pki.key('service-accounts')}",
        f"--cluster-signing-cert-file={pki.ca}", f"--cluster-signing-key-file={pki.key('ca')}",
        "--bind-address=127.0.0.1", f"--secure-port={cluster.port('kube-controller-manager')}",
        f"--tls-cert-file={pki.certificate('kube-apiserver')}",
        f"--tls-private-key-file={pki.key('kube-apiserver')}",
        "--kube-api-qps=300", "--kube-api-burst=600", "--profiling=false",
    ])
    scheduler = pki.ensure_kubeconfig("kube-scheduler", "system:kube-scheduler", "")
    config = cluster.path("config", "scheduler.yaml")
    write(config, SCHEDULER.format(kubeconfig=scheduler))
    processes.start("kube-scheduler", [
        bin_dir / "kube-scheduler", f"--config={config}",
        "--bind-address=127.0.0.1", f"--secure-port={cluster.port('kube-scheduler')}",
        f"--tls-cert-file={pki.certificate('kube-apiserver')}",
        f"--tls-private-key-file={pki.key('kube-apiserver')}",
    ])
