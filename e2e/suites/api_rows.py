"""Objects that the API server must refuse, with what it has to say, and those it must take."""

from api_objects import CLASS, DEVICE, LEAST, PROJECT, SESSION

CORES, BYTES = "must be a number of processor cores such as 2 or 500m", "must be an amount of bytes such as 8Gi or 500Mi"
NAME = "must be lower-case letters a-z"
PATTERN = "should match"
SYSTEM = "system directories belong to the image"
PATH = "must be an absolute path"
STEERS = "the platform sets what steers the loader"


def one(name, **more):
    return {"className": name, **more}


def alternatives(*items):
    return {"accelerator": {"alternatives": list(items)}}


def resources(**amounts):
    return {"resources": amounts}


def volume(path, claim="data"):
    return {"volumes": [{"claimName": claim, "mountPath": path}]}


def env(name, value="x"):
    return {"env": [{"name": name, "value": value}]}


def route(**fields):
    return {"route": fields}


def pod(**fields):
    return {"pod": fields}


def many(count):
    return [{"className": f"a{i}", "count": 1} for i in range(count)]


def term(**fields):
    return {"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}, {"key": "b", **fields}]}}


def labels(**terms):
    return {"namespaceSelector": {"matchLabels": terms}}


def device(name):
    return {"device": {"extendedResource": {"name": name}}}


# The field that is named, what is said about it, and the fields of spec that are wrong.
BAD_SESSIONS = [
    ("spec.className", "must be of type string", {"className": 5}),
    ("spec.className", NAME, {"className": "Large"}),
    ("spec.className", "at least 1 chars", {"className": ""}),
    ("spec.className", "may not be more than 63", {"className": "a" * 64}),
    ("spec.user", "must be of type string", {"user": ["ada"]}),
    ("spec.user", "begin or end with a space", {"user": " ada"}),
    ("spec.user", "control or invisible", {"user": "ada\nroot"}),
    ("spec.user", "at least 1 chars", {"user": ""}),
    ("spec.user", "may not be more than 253", {"user": "a" * 254}),
    ("spec.image", "must be the name of an image of the class", {"image": "lab 1"}),
    ("spec.image", "must be the name of an image of the class", {"image": "lab;reboot"}),
    ("spec.image", "may not be more than 512", {"image": "a" * 513}),
    ("spec.resources", "must be of type object", {"resources": "large"}),
    ("spec.resources.cpu", CORES, resources(cpu="two")),
    ("spec.resources.cpu", CORES, resources(cpu=0)),
    ("spec.resources.cpu", CORES, resources(cpu="0.0")),
    ("spec.resources.cpu", CORES, resources(cpu="-1")),
    ("spec.resources.cpu", CORES, resources(cpu="1e3")),
    ("spec.resources.cpu", CORES, resources(cpu="99999999999999999999999999999999")),
    ("spec.resources.cpu", "must be of type integer,string", resources(cpu=0.5)),
    ("spec.resources.cpu", "must be of type integer,string", resources(cpu=True)),
    ("spec.resources.memory", BYTES, resources(memory=8)),
    ("spec.resources.memory", BYTES, resources(memory="8GB")),
    ("spec.resources.memory", BYTES, resources(memory="8g")),
    ("spec.resources.memory", BYTES, resources(memory="500m")),
    ("spec.resources.memory", BYTES, resources(memory=9223372036854775807)),
    ("spec.resources.memory", BYTES, resources(memory="99999999999999999999999999999P")),
    ("spec.resources.memory", "may not be more than 32", resources(memory="1" + "0" * 40)),
    ("spec.resources.gpu", "unknown field", resources(gpu=1)),
    ("spec.accelerator.alternatives", "Required value", {"accelerator": {}}),
    ("spec.accelerator.alternatives", "at least 1 items", alternatives()),
    ("spec.accelerator.alternatives", "at most 8 items", alternatives(*[one("a")] * 9)),
    ("spec.accelerator.alternatives[0].className", "Required value", alternatives({"count": 1})),
    ("spec.accelerator.alternatives[1].className", NAME, alternatives(one("a100"), one("A100"))),
    ("spec.accelerator.alternatives[0].count", "greater than or equal to 1", alternatives(one("a100", count=0))),
    ("spec.accelerator.alternatives[0].count", "less than or equal to 64", alternatives(one("a100", count=65))),
    ("spec.accelerator.alternatives[0].count", "must be of type integer", alternatives(one("a100", count="1"))),
    ("spec.durationSeconds", "greater than or equal to 10", {"durationSeconds": 9}),
    ("spec.durationSeconds", "less than or equal to 31536000", {"durationSeconds": 31536001}),
    ("spec.durationSeconds", "must be of type integer", {"durationSeconds": "2h"}),
    ("spec.durationSeconds", "must be of type int64", {"durationSeconds": 1e30}),
    ("spec.home", "by claimName, or describe a new one", {"home": {"claimName": "mine", "size": "1Gi"}}),
    ("spec.home", "by claimName, or describe a new one", {"home": {"claimName": "mine", "storageClassName": "fast"}}),
    ("spec.home.claimName", NAME, {"home": {"claimName": "../claim-bob"}}),
    ("spec.home.storageClassName", NAME, {"home": {"storageClassName": "Fast"}}),
    ("spec.home.size", BYTES, {"home": {"size": "plenty"}}),
    ("spec.home.size", BYTES, {"home": {"size": 0}}),
    ("spec.volumes[0].claimName", "Required value", {"volumes": [{"mountPath": "/data"}]}),
    ("spec.volumes[0].claimName", NAME, volume("/data", "team-b/claim")),
    ("spec.volumes[0].mountPath", "Required value", {"volumes": [{"claimName": "data"}]}),
    ("spec.volumes[0].mountPath", PATH, volume("data")),
    ("spec.volumes[0].mountPath", PATH, volume("/data/../etc")),
    ("spec.volumes[0].mountPath", PATH, volume("/data//more")),
    ("spec.volumes[0].mountPath", PATH, volume("/data/")),
    ("spec.volumes[0].mountPath", PATH, volume("/.ssh")),
    ("spec.volumes[0].mountPath", SYSTEM, volume("/etc")),
    ("spec.volumes[0].mountPath", SYSTEM, volume("/usr/lib/x")),
    ("spec.volumes[0].mountPath", SYSTEM, volume("/proc/1")),
    ("spec.volumes[1]", "Duplicate value", {"volumes": volume("/data", "a")["volumes"] + volume("/data", "b")["volumes"]}),
    ("spec.volumes[0].namespace", "unknown field", {"volumes": [{"claimName": "a", "mountPath": "/a", "namespace": "team-b"}]}),
    ("spec.volumes[0].hostPath", "unknown field", {"volumes": [{"claimName": "a", "mountPath": "/a", "hostPath": {"path": "/"}}]}),
    ("spec.env[0].name", "must be letters a-z", env("A=B")),
    ("spec.env[0].name", "must be letters a-z", env("1A")),
    ("spec.env[0].name", STEERS, env("LD_PRELOAD")),
    ("spec.env[0].name", STEERS, env("NVIDIA_VISIBLE_DEVICES")),
    ("spec.env[0].name", STEERS, env("CUDA_VISIBLE_DEVICES")),
    ("spec.env[0].name", STEERS, env("JUPYTER_TOKEN")),
    ("spec.env[0].name", STEERS, env("JUPYTERHUB_API_TOKEN")),
    ("spec.env[0].name", STEERS, env("HOME")),
    ("spec.env[0].value", "must be of type string", env("A", 1)),
    ("spec.env[0].value", "may not be more than 4096", env("A", "x" * 4097)),
    ("spec.env[0].valueFrom", "unknown field", {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}),
    ("spec.env[1]", "Duplicate value", {"env": [{"name": "A"}, {"name": "A"}]}),
    ("spec.env", "must have at most 64 items", {"env": [{"name": f"A{i}"} for i in range(65)]}),
    ("spec.auth", "supported values", {"auth": "None"}),
    ("spec.auth", "Hub needs credentials: Required", {"auth": "Hub"}),
    ("spec.credentials", "supported values", {"credentials": "required"}),
    ("spec.basePath", "must begin and end with a slash", {"basePath": "user/ada/"}),
    ("spec.basePath", "must begin and end with a slash", {"basePath": "/user/ada"}),
    ("spec.basePath", "must begin and end with a slash", {"basePath": "/../"}),
    ("spec.basePath", "must begin and end with a slash", {"basePath": "//evil.example/"}),
    ("spec.basePath", "must begin and end with a slash", {"basePath": "/a%2f/"}),
    ("spec.basePath", "may not be more than 256", {"basePath": "/" + "a" * 256 + "/"}),
    ("spec.desiredState", "supported values", {"desiredState": "Paused"}),
    ("spec.run", "greater than or equal to 1", {"run": 0}),
    ("spec.run", "less than or equal to 1000000000", {"run": 1000000001}),
    ("spec.podSpec", "unknown field", {"podSpec": {"hostNetwork": True}}),
    ("spec.project", "must be of type string", {"project": 7}),
    ("spec.project", NAME, {"project": "Physics"}),
    ("spec.project", NAME, {"project": "a.b"}),
    ("spec.project", "at least 1 chars", {"project": ""}),
    ("spec.project", "may not be more than 63", {"project": "a" * 64}),
    ("spec.preemptible", "must be of type boolean", {"preemptible": "true"}),
    ("spec.priority", "must be of type integer", {"priority": "high"}),
    ("spec.priority", "greater than or equal to -1000", {"priority": -1001}),
    ("spec.priority", "less than or equal to 1000", {"priority": 1001}),
]
BAD_CLASSES = [
    ("spec.images", "Required value", {"images": None}),
    ("spec.images", "at least 1 items", {"images": []}),
    ("spec.images[0].image", "Required value", {"images": [{"name": "lab"}]}),
    ("spec.images[0].image", PATTERN, {"images": [{"name": "lab", "image": "lab --privileged"}]}),
    ("spec.images[0].pullPolicy", "supported values", {"images": [{"name": "lab", "image": "lab", "pullPolicy": "Sometimes"}]}),
    ("spec.images[1]", "Duplicate value", {"images": [{"name": "lab", "image": "a"}, {"name": "lab", "image": "b"}]}),
    ("spec.allowedImagePrefixes[0]", PATTERN, {"allowedImagePrefixes": ["registry.example.org"]}),
    ("spec.allowedImagePrefixes[1]", "Duplicate value", {"allowedImagePrefixes": ["a/", "a/"]}),
    ("spec.imagePullSecretNames[0]", PATTERN, {"imagePullSecretNames": ["kube-system/token"]}),
    ("spec.resources.default.cpu", PATTERN, resources(default={"cpu": "two"})),
    ("spec.resources.default.cpu", CORES, resources(default={"cpu": "0"})),
    ("spec.resources.max.memory", BYTES, resources(max={"memory": "2P"})),
    ("spec.resources.max.memory", "greater than or equal to 1", resources(max={"memory": -5})),
    ("spec.resources.default.memory", "must not be above resources.max.memory", resources(default={"memory": "4Gi"}, max={"memory": "3Gi"})),
    ("spec.resources.default.cpu", "must not be above resources.max.cpu", resources(max={"cpu": "500m"})),
    ("spec.accelerators[0].className", "Required value", {"accelerators": [{"maxCount": 1}]}),
    ("spec.accelerators[0].maxCount", "less than or equal to 64", {"accelerators": [one("a", maxCount=65)]}),
    ("spec.accelerators[1]", "Duplicate value", {"accelerators": [one("a"), one("a")]}),
    ("spec.defaultDurationSeconds", "must not be above maxDurationSeconds", {"maxDurationSeconds": 3600}),
    ("spec.maxDurationSeconds", "less than or equal to 31536000", {"maxDurationSeconds": 9223372036854775807}),
    ("spec.startDeadlineSeconds", "greater than or equal to 5", {"startDeadlineSeconds": 0}),
    ("spec.alternativePatienceSeconds", "greater than or equal to 0", {"alternativePatienceSeconds": -1}),
    ("spec.alternativePatienceSeconds", "less than or equal to 604800", {"alternativePatienceSeconds": 604801}),
    ("spec.alternativePatienceSeconds", "must be of type integer", {"alternativePatienceSeconds": "5m"}),
    ("spec.home.accessMode", "supported values", {"home": {"accessMode": "ReadOnlyMany"}}),
    ("spec.home.mountPath", SYSTEM, {"home": {"mountPath": "/root"}}),
    ("spec.home.mountPath", PATTERN, {"home": {"mountPath": "home"}}),
    ("spec.home.size", BYTES, {"home": {"size": "10"}}),
    ("spec.volumes", "mount it elsewhere", volume("/home/jovyan")),
    ("spec.volumes", "mount it elsewhere", {**volume("/scratch"), "scratch": {"size": "1Gi"}}),
    ("spec.scratch.size", "Required value", {"scratch": {}}),
    ("spec.scratch.mountPath", "is that of the home", {"scratch": {"size": "1Gi", "mountPath": "/home/jovyan"}}),
    ("spec.scratch.mountPath", SYSTEM, {"scratch": {"size": "1Gi", "mountPath": "/dev/shm"}}),
    ("spec.route.hostname", "is needed with this type", route(type="Ingress")),
    ("spec.route.gateway", "is needed with HTTPRoute", route(type="HTTPRoute", hostname="lab.example.org")),
    ("spec.route.hostname", PATTERN, route(hostname="https://lab.example.org")),
    ("spec.route.scheme", "supported values", route(scheme="http")),
    ("spec.route.type", "supported values", route(type="LoadBalancer")),
    ("spec.pod.port", "greater than or equal to 1024", pod(port=80)),
    ("spec.pod.port", "less than or equal to 65535", pod(port=70000)),
    ("spec.pod.runAsUser", "greater than or equal to 1", pod(runAsUser=0)),
    ("spec.pod.runAsGroup", "greater than or equal to 1", pod(runAsGroup=0)),
    ("spec.pod.sharedMemory", BYTES, pod(sharedMemory="1")),
    ("spec.pod.privileged", "unknown field", pod(privileged=True)),
    ("spec.pod.nodeSelector", "a key is no label", pod(nodeSelector={"no label!": "x"})),
    ("spec.pod.nodeSelector", "a value is none of a label", pod(nodeSelector={"pool": "-x"})),
    ("spec.pod.tolerations[0].operator", "supported values", pod(tolerations=[{"key": "a", "operator": "Gt"}])),
    ("spec.pod.tolerations[0].value", "goes with the operator Equal", pod(tolerations=[{"key": "a", "operator": "Exists", "value": "x"}])),
    ("spec.pod.tolerations[0].key", "may be empty with the operator Exists alone", pod(tolerations=[{"effect": "NoSchedule"}])),
    ("spec.podTemplate", "unknown field", {"podTemplate": {}}),
    ("status", "unknown field", None),
]
BAD_DEVICES = [
    ("spec.device", "Required value", {"device": None}),
    ("spec.device.extendedResource", "Required value", {"device": {}}),
    ("spec.device.extendedResource.name", "Required value", {"device": {"extendedResource": {}}}),
    ("spec.device.extendedResource.name", PATTERN, device("gpu")),
    ("spec.device.extendedResource.name", PATTERN, device("nvidia.com/")),
    ("spec.device.extendedResource.name", PATTERN, device("Nvidia.com/gpu")),
    ("spec.device.extendedResource.name", "may not be more than 253", device("a" * 253 + "/b")),
    ("spec.device.dra", "unknown field", {"device": {"extendedResource": {"name": "a.b/c"}, "dra": {}}}),
    ("spec.nodeSelector", "must have at most 16 items", {"nodeSelector": {f"a{i}": "x" for i in range(17)}}),
    ("spec.nodeSelector", "a key is no label", {"nodeSelector": {"a/b/c": "x"}}),
    ("spec.nodeSelector", "a value is none of a label", {"nodeSelector": {"product": "A 100"}}),
    ("spec.nodeSelector.product", "must be of type string", {"nodeSelector": {"product": 100}}),
    ("spec.nodeSelector.product", "may not be more than 63", {"nodeSelector": {"product": "x" * 64}}),
    ("spec.tolerations[0].effect", "supported values", {"tolerations": [{"key": "a", "effect": "Never"}]}),
    ("spec.tolerations[0].key", PATTERN, {"tolerations": [{"key": "a b"}]}),
    ("spec.tolerations[0].tolerationSeconds", "unknown field", {"tolerations": [{"key": "a", "tolerationSeconds": 5}]}),
    ("spec.credits", "greater than or equal to 1", {"credits": 0}),
    ("spec.credits", "less than or equal to 1000000", {"credits": 1000001}),
    ("spec.credits", "must be of type int64", {"credits": 0.5}),
    ("spec.reclaimBelowPriority", "less than or equal to 1000000000", {"reclaimBelowPriority": 1000000001}),
    ("spec.reclaimBelowPriority", "greater than or equal to -2147483648", {"reclaimBelowPriority": -2147483649}),
    ("spec.reclaimBelowPriority", "must be of type integer", {"reclaimBelowPriority": "batch"}),
]
LENDS, LIMITS = "nobody can lend more than the guarantee", "a limit is below the guarantee of its class"
VALUES, FORBIDDEN = "goes with In and NotIn, and with them alone", "goes with the policy Allowed alone"
BAD_PROJECTS = [
    ("spec.parentName", NAME, {"parentName": "Physics"}),
    ("spec.parentName", NAME, {"parentName": "a.b"}),
    ("spec.parentName", "at least 1 chars", {"parentName": ""}),
    ("spec.parentName", "may not be more than 63", {"parentName": "a" * 64}),
    ("spec.namespaces[0]", PATTERN, {"namespaces": ["Ada"]}),
    ("spec.namespaces[1]", PATTERN, {"namespaces": ["ada", "team-*"]}),
    ("spec.namespaces[0]", "at least 1 chars", {"namespaces": [""]}),
    ("spec.namespaces[0]", "may not be more than 63", {"namespaces": ["a" * 64]}),
    ("spec.namespaces[1]", "Duplicate value", {"namespaces": ["ada", "ada"]}),
    ("spec.namespaces", "must have at most 512 items", {"namespaces": [f"a{i}" for i in range(513)]}),
    ("spec.namespaces", "must be of type array", {"namespaces": "ada"}),
    ("spec.namespaceSelector.team", "unknown field", {"namespaceSelector": {"team": "vision"}}),
    ("spec.namespaceSelector.matchLabels", "must have at most 16 items", labels(**{f"a{i}": "x" for i in range(17)})),
    ("spec.namespaceSelector.matchLabels", "a key is no label", labels(**{"a/b/c": "x"})),
    ("spec.namespaceSelector.matchLabels", "a value is none of a label", labels(team="two words")),
    ("spec.namespaceSelector.matchLabels.team", "must be of type string", labels(team=7)),
    ("spec.namespaceSelector.matchLabels.team", "may not be more than 63", labels(team="x" * 64)),
    ("spec.namespaceSelector.matchExpressions", "must have at most 16 items", {"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}] * 17}}),
    ("spec.namespaceSelector.matchExpressions[1].operator", "Required value", term()),
    ("spec.namespaceSelector.matchExpressions[1].operator", "supported values", term(operator="Gt", values=["1"])),
    ("spec.namespaceSelector.matchExpressions[1].key", PATTERN, term(operator="Exists", key="a b")),
    ("spec.namespaceSelector.matchExpressions[1].key", "Required value", {"namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}, {"operator": "Exists"}]}}),
    ("spec.namespaceSelector.matchExpressions[1].values", VALUES, term(operator="In")),
    ("spec.namespaceSelector.matchExpressions[1].values", VALUES, term(operator="NotIn", values=[])),
    ("spec.namespaceSelector.matchExpressions[1].values", VALUES, term(operator="Exists", values=["x"])),
    ("spec.namespaceSelector.matchExpressions[1].values", VALUES, term(operator="DoesNotExist", values=["x"])),
    ("spec.namespaceSelector.matchExpressions[1].values[0]", PATTERN, term(operator="In", values=["a b"])),
    ("spec.namespaceSelector.matchExpressions[1].values", "must have at most 64 items", term(operator="In", values=["x"] * 65)),
    ("spec.guarantees[0].className", "Required value", {"guarantees": [{"count": 1}]}),
    ("spec.guarantees[0].className", NAME, {"guarantees": [one("A100", count=1)]}),
    ("spec.guarantees[0].count", "Required value", {"guarantees": [one("a100")]}),
    ("spec.guarantees[0].count", "greater than or equal to 0", {"guarantees": [one("a100", count=-1)]}),
    ("spec.guarantees[0].count", "less than or equal to 1000000", {"guarantees": [one("a100", count=1000001)]}),
    ("spec.guarantees[0].count", "must be of type integer", {"guarantees": [one("a100", count="half")]}),
    ("spec.guarantees[0].lendingLimit", "greater than or equal to 0", {"guarantees": [one("a100", count=1, lendingLimit=-1)]}),
    ("spec.guarantees", LENDS, {"guarantees": [one("t4", count=1), one("a100", count=1, lendingLimit=2)]}),
    ("spec.guarantees[1]", "Duplicate value", {"guarantees": [one("a100", count=1), one("a100", count=2)]}),
    ("spec.guarantees", "must have at most 64 items", {"guarantees": many(65)}),
    ("spec.guarantees[0].borrowingLimit", "unknown field", {"guarantees": [one("a100", count=1, borrowingLimit=2)]}),
    ("spec.limits", LIMITS, {"guarantees": [one("a100", count=4)], "limits": [one("t4", count=1), one("a100", count=3)]}),
    ("spec.limits[0].className", NAME, {"limits": [one("-a", count=1)]}),
    ("spec.limits[0].count", "Required value", {"limits": [one("a100")]}),
    ("spec.limits[1]", "Duplicate value", {"limits": [one("a100", count=1), one("a100", count=2)]}),
    ("spec.limits", "must have at most 64 items", {"limits": many(65)}),
    ("spec.userLimits[0].className", NAME, {"userLimits": [one("a_b", count=1)]}),
    ("spec.userLimits[0].count", "less than or equal to 1000000", {"userLimits": [one("a100", count=1000001)]}),
    ("spec.userLimits[1]", "Duplicate value", {"userLimits": [one("a100", count=1), one("a100", count=1)]}),
    ("spec.borrowing.policy", "supported values", {"borrowing": {"policy": "Never"}}),
    ("spec.borrowing.limits", FORBIDDEN, {"borrowing": {"policy": "Forbidden", "limits": [one("a100", count=1)]}}),
    ("spec.borrowing.limits[0].className", NAME, {"borrowing": {"limits": [one("A100", count=1)]}}),
    ("spec.borrowing.limits[1]", "Duplicate value", {"borrowing": {"limits": [one("a100", count=1), one("a100", count=1)]}}),
    ("spec.weight", "greater than or equal to 1", {"weight": 0}),
    ("spec.weight", "less than or equal to 1000000", {"weight": 1000001}),
    ("spec.weight", "must be of type int64", {"weight": 0.5}),
    ("spec.maxPriority", "greater than or equal to -1000", {"maxPriority": -1001}),
    ("spec.maxPriority", "less than or equal to 1000", {"maxPriority": 1001}),
    ("spec.users", "unknown field", {"users": ["ada"]}),
]
BAD_NAMES = [
    (SESSION, "1ada", "start with a letter"),
    (SESSION, "a" * 53, "at most 52"),
    (SESSION, "a.b", "lower-case letters, digits and dashes"),
    (SESSION, "Ada", "lower case"),
    (SESSION, "аda", "lower case"),  # the first letter is Cyrillic
    (CLASS, "a.b", "lower-case letters, digits and dashes"),
    (CLASS, "a" * 64, "at most 63"),
    (DEVICE, "cpu", "choose another name"),
    (DEVICE, "a" * 64, "at most 63"),
    (DEVICE, "a100_80", "lower case"),
    (PROJECT, "a.b", "lower-case letters, digits and dashes"),
    (PROJECT, "a" * 64, "at most 63"),
    (PROJECT, "Vision", "lower case"),
]

BAD = [
    (kind, *row) for kind, rows in ((SESSION, BAD_SESSIONS), (CLASS, BAD_CLASSES), (DEVICE, BAD_DEVICES), (PROJECT, BAD_PROJECTS)) for row in rows
]

# What stands for a plain letter or hides beside one, put at the end of a good value.
LOOKALIKES = {"Cyrillic": "\u0430", "full width": "\uff41", "zero width": "\u200b", "right to left": "\u202e", "line end": "\n", "combining": "\u0301"}
# Each string that names something: the kind, the field, and the spec that has it.
NAMING = [
    (SESSION, "spec.className", lambda x: {"className": "a" + x}),
    (SESSION, "spec.project", lambda x: {"project": "a" + x}),
    (SESSION, "spec.image", lambda x: {"image": "jupyterlab" + x}),
    (SESSION, "spec.home.claimName", lambda x: {"home": {"claimName": "a" + x}}),
    (SESSION, "spec.home.storageClassName", lambda x: {"home": {"storageClassName": "a" + x}}),
    (SESSION, "spec.volumes[0].claimName", lambda x: volume("/data", "a" + x)),
    (SESSION, "spec.volumes[0].mountPath", lambda x: volume("/data" + x)),
    (SESSION, "spec.env[0].name", lambda x: env("A" + x)),
    (SESSION, "spec.accelerator.alternatives[0].className", lambda x: alternatives(one("a" + x))),
    (SESSION, "spec.basePath", lambda x: {"basePath": f"/a{x}/"}),
    (SESSION, "spec.resources.memory", lambda x: resources(memory="8Gi" + x)),
    (CLASS, "spec.images[0].name", lambda x: {"images": [{"name": "a" + x, "image": "a"}]}),
    (CLASS, "spec.images[0].image", lambda x: {"images": [{"name": "a", "image": "a" + x}]}),
    (CLASS, "spec.allowedImagePrefixes[0]", lambda x: {"allowedImagePrefixes": [f"a{x}/"]}),
    (CLASS, "spec.imagePullSecretNames[0]", lambda x: {"imagePullSecretNames": ["a" + x]}),
    (CLASS, "spec.accelerators[0].className", lambda x: {"accelerators": [one("a" + x)]}),
    (CLASS, "spec.home.storageClassName", lambda x: {"home": {"storageClassName": "a" + x}}),
    (CLASS, "spec.volumes[0].claimName", lambda x: volume("/data", "a" + x)),
    (CLASS, "spec.route.hostname", lambda x: route(hostname="a" + x)),
    (CLASS, "spec.route.gateway.name", lambda x: route(gateway={"name": "a" + x, "namespace": "b"})),
    (CLASS, "spec.route.gateway.namespace", lambda x: route(gateway={"name": "a", "namespace": "b" + x})),
    (CLASS, "spec.pod.priorityClassName", lambda x: pod(priorityClassName="a" + x)),
    (CLASS, "spec.pod.runtimeClassName", lambda x: pod(runtimeClassName="a" + x)),
    (CLASS, "spec.pod.nodeSelector", lambda x: pod(nodeSelector={"a" + x: "b"})),
    (DEVICE, "spec.device.extendedResource.name", lambda x: device("a.b/c" + x)),
    (DEVICE, "spec.nodeSelector", lambda x: {"nodeSelector": {"a": "b" + x}}),
    (DEVICE, "spec.tolerations[0].key", lambda x: {"tolerations": [{"key": "a" + x}]}),
    (PROJECT, "spec.parentName", lambda x: {"parentName": "a" + x}),
    (PROJECT, "spec.namespaces[0]", lambda x: {"namespaces": ["a" + x]}),
    (PROJECT, "spec.namespaceSelector.matchLabels", lambda x: labels(**{"a" + x: "b"})),
    (PROJECT, "spec.namespaceSelector.matchLabels", lambda x: labels(a="b" + x)),
    (PROJECT, "spec.namespaceSelector.matchExpressions[1].key", lambda x: term(operator="Exists", key="b" + x)),
    (PROJECT, "spec.namespaceSelector.matchExpressions[1].values[0]", lambda x: term(operator="In", values=["b" + x])),
    (PROJECT, "spec.guarantees[0].className", lambda x: {"guarantees": [one("a" + x, count=1)]}),
    (PROJECT, "spec.limits[0].className", lambda x: {"limits": [one("a" + x, count=1)]}),
    (PROJECT, "spec.userLimits[0].className", lambda x: {"userLimits": [one("a" + x, count=1)]}),
    (PROJECT, "spec.borrowing.limits[0].className", lambda x: {"borrowing": {"limits": [one("a" + x, count=1)]}}),
]

STORED = {**LEAST[SESSION], "user": "ada", "project": "physics", "desiredState": "Stopped", "home": {"size": "10Gi", "storageClassName": "local-path"}}
BAD_UPDATES = [
    ("spec.user", "cannot be changed", {"user": "bob"}),
    ("spec.user", "cannot be changed", {"user": None}),
    ("spec.project", "cannot be changed", {"project": "chemistry"}),
    ("spec.project", "cannot be changed", {"project": None}),
    ("spec.home.storageClassName", "cannot be changed", {"home": {"storageClassName": "other"}}),
    ("spec.home.storageClassName", "cannot be changed", {"home": None}),
    ("spec.home.claimName", "cannot be changed", {"home": {"claimName": "mine", "size": None, "storageClassName": None}}),
    ("spec.home.size", "a home cannot shrink", {"home": {"size": "9Gi"}}),
    ("spec.home.size", "a home cannot shrink", {"home": {"size": 1073741824}}),
]
GOOD_UPDATES = [
    {"home": {"size": "11Gi"}}, {"home": {"size": 10737418240}}, {"className": "other"}, {"durationSeconds": 60}, {"run": 7}, {"run": None},
    {"preemptible": True}, {"priority": 5}, {"priority": -1000}, {"project": "physics"}, {"image": "jupyterlab"}, {"env": [{"name": "A", "value": "b"}]},
]
