"""The main job on real parts: a notebook on the right device, a home that follows its user, a device for the next one."""

from notebook import Notebook
from team import told

A100, T4 = "NVIDIA-A100-PCIE-40GB", "Tesla-T4"


def test_a_home_follows_its_user_while_the_device_goes_to_the_next(team):
    team.ask("ada", user="ada", accelerator={"alternatives": [{"className": "a100"}, {"className": "t4"}]})
    status = team.wait_ready("ada")
    assert status["admission"]["acceleratorClass"] == "a100", told(status)
    assert product_of_node(team, status["nodeName"]) == A100
    with open_notebook(team, "ada").kernel() as kernel:
        assert kernel.run("sum(n * n for n in range(1000))") == "332833500"
        assert kernel.run("print(open('tide.txt', 'w').write('high at noon'), end='')") == "12"

    team.change("ada", desiredState="Stopped")
    stopped = team.wait_stopped("ada")
    assert stopped["stop"]["reason"] == "UserRequest"
    assert "admission" not in stopped, "a stopped session holds no device"

    team.ask("bob", user="bob", accelerator={"alternatives": [{"className": "a100"}]})
    status = team.wait_ready("bob")
    assert product_of_node(team, status["nodeName"]) == A100
    with open_notebook(team, "bob").kernel() as kernel:
        assert kernel.run("import os; os.path.exists('tide.txt')") == "False", "bob sees ada's home"

    team.change("ada", desiredState="Running")
    status = team.wait_ready("ada")
    assert status["admission"]["acceleratorClass"] == "t4", told(status)
    assert product_of_node(team, status["nodeName"]) == T4
    with open_notebook(team, "ada").kernel() as kernel:
        assert kernel.run("open('tide.txt').read()") == "'high at noon'"


def test_only_the_token_of_the_session_opens_it(team):
    team.ask("ada", user="ada")
    team.ask("bob", user="bob")
    ada, bob = team.wait_ready("ada"), team.wait_ready("bob")
    assert team.token("ada") != team.token("bob")
    assert not Notebook(ada["url"], team.token("ada")).refuses("api/contents")
    assert Notebook(ada["url"], team.token("bob")).refuses("api/contents")
    assert Notebook(bob["url"], "").refuses("api/contents")


def test_the_pod_may_do_nothing_it_does_not_need(team):
    team.ask("ada", user="ada", basePath="/lab/ada/")
    status = team.wait_ready("ada")
    assert status["url"].endswith("/lab/ada/")
    with open_notebook(team, "ada").kernel() as kernel:
        assert kernel.run("import os; os.getuid()") != "0"
        assert kernel.run("os.path.exists('/var/run/secrets/kubernetes.io')") == "False"
        assert kernel.run("[n for n in os.environ if n.endswith('_SERVICE_HOST') and n != 'KUBERNETES_SERVICE_HOST']") == "[]"
        assert kernel.run("os.environ.get('NVIDIA_VISIBLE_DEVICES')") == "'void'", "a session without devices sees them"


def open_notebook(team, name):
    return Notebook(team.status(name)["url"], team.token(name))


def product_of_node(team, node):
    labels = team.cluster.get("node", node)["metadata"]["labels"]
    assert labels.get("marea.dev/e2e-node") == "real", f"node {node} is simulated"
    return labels["nvidia.com/gpu.product"]
