"""Ways into a running cluster: the admin's connection and kubeconfigs for others."""

import pathlib
import shutil

from api import Api
from layout import ClusterError, write
from pki import Pki

TOKEN_SECONDS = 24 * 3600


def admin(cluster):
    return Api(cluster, Pki(cluster))


def write_service_account_kubeconfig(cluster, namespace, account, output):
    """A kubeconfig whose token and CA are files beside it, as in a pod; a new token on each call."""
    path = pathlib.Path(output).absolute()
    request = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": TOKEN_SECONDS},
    }
    url = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
    answer = admin(cluster).call("POST", url, request, allowed=(404,))
    if answer is None:
        raise ClusterError(f"there is no ServiceAccount {namespace}/{account}")
    token, ca = path.with_name(path.name + ".token"), path.with_name(path.name + ".ca")
    write(token, answer["status"]["token"], mode=0o600)
    shutil.copyfile(Pki(cluster).ca, ca)
    ca.chmod(0o600)
    text = Pki(cluster).kubeconfig(f"system:serviceaccount:{namespace}:{account}", f"tokenFile: {token}", ca)
    write(path, text, mode=0o600)
