"""A running JupyterLab as its user's browser talks to it: REST with a token, and a kernel over its websocket."""

import json
import time
import urllib.error
import urllib.request
import uuid

import websocket

CELL_SECONDS = 60


class Notebook:
    def __init__(self, url, token):
        self.url, self.token = url, token

    def call(self, method, path, body=None):
        request = urllib.request.Request(
            self.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def refuses(self, path):
        """Whether the path cannot be had with this token."""
        try:
            self.call("GET", path)
        except urllib.error.HTTPError as refusal:
            return refusal.code in (401, 403)
        return False

    def kernel(self):
        return Kernel(self, self.call("POST", "api/kernels", {})["id"])


class Kernel:
    """Use as a context: it is shut down at the end."""

    def __init__(self, notebook, identity):
        self.notebook, self.path = notebook, f"api/kernels/{identity}"
        address = notebook.url.replace("http", "ws", 1) + self.path + "/channels"
        self.socket = websocket.create_connection(
            address, timeout=CELL_SECONDS, header=[f"Authorization: token {notebook.token}"]
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        self.notebook.call("DELETE", self.path)

    def run(self, code):
        """What the cell printed and returned, as text; an error in it is an AssertionError."""
        header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "username": "", "session": uuid.uuid4().hex, "version": "5.3"}
        content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        self.socket.send(json.dumps(message))
        deadline, printed = time.monotonic() + CELL_SECONDS, ""
        while time.monotonic() < deadline:
            answer = json.loads(self.socket.recv())
            if answer.get("parent_header", {}).get("msg_id") != header["msg_id"]:
                continue
            kind, content = answer["msg_type"], answer["content"]
            if kind == "stream":
                printed += content["text"]
            elif kind == "execute_result":
                printed += content["data"]["text/plain"]
            elif kind == "error":
                raise AssertionError(f"the cell failed: {content['ename']}: {content['evalue']}")
            elif kind == "status" and content["execution_state"] == "idle":
                return printed
        raise TimeoutError(f"the kernel did not finish {code!r} within {CELL_SECONDS} s")
