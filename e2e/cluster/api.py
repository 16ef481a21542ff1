"""A small client of the API server for what the tool itself does as admin."""

import http.client
import json
import ssl

from layout import ClusterError

MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"  # JSON is YAML


class Api:
    """One kept-alive connection; not for use from several threads."""

    def __init__(self, cluster, pki):
        context = ssl.create_default_context(cafile=pki.ca)
        context.load_cert_chain(pki.certificate("admin"), pki.key("admin"))
        self.connection = http.client.HTTPSConnection(
            cluster.api_address, cluster.port("kube-apiserver"), timeout=10, context=context)

    def request(self, method, path, body=None, content_type="application/json", headers=None):
        """(status, decoded answer); raises OSError when there is no server."""
        try:
            payload = None if body is None else json.dumps(body)
            self.connection.request(method, path, payload, {**(headers or {}), **({"Content-Type": content_type} if payload else {})})
            response = self.connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            raise OSError(f"{method} {path}: {error}") from error
        try:
            return response.status, json.loads(text)
        except ValueError:
            return response.status, {"message": text.decode(errors="replace")}

    def call(self, method, path, body=None, content_type="application/json", allowed=()):
        """The decoded answer, or None for one of the allowed error statuses."""
        status, answer = self.request(method, path, body, content_type)
        if status in allowed:
            return None
        if status >= 400:
            raise ClusterError(f"{method} {path}: {status} {answer.get('message', '')}")
        return answer

    def get(self, path):
        return self.call("GET", path, allowed=(404,))

    def apply(self, path, thing):
        """Creates or updates by server-side apply."""
        return self.call("PATCH", f"{path}/{thing['metadata']['name']}?fieldManager=cluster&force=true", thing, APPLY)

    def is_ready(self):
        try:
            return self.request("GET", "/readyz")[0] == 200
        except OSError:
            return False
