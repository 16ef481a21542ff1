"""The smallest and the largest object of every kind."""

SESSION, CLASS, DEVICE, PROJECT = "Session", "SessionClass", "AcceleratorClass", "Project"
LEAST = {
    SESSION: {}, CLASS: {"images": [{"name": "lab", "image": "lab:1"}]}, DEVICE: {"device": {"extendedResource": {"name": "nvidia.com/gpu"}}},
    PROJECT: {},
}

# Every field of each kind at once.
MOST = {
    SESSION: {
        "className": "large", "user": "Ада Лавлейс <ada@example.org>", "project": "physics", "image": "registry.example.org:5000/physics/lab:2.1@sha256:abc",
        "resources": {"cpu": "2500m", "memory": "16Gi"},
        "accelerator": {"alternatives": [{"className": "a100", "count": 1}, {"className": "mig-1g.5gb", "count": 64}]},
        "durationSeconds": 31536000, "preemptible": True, "priority": 1000, "home": {"size": "20Gi", "storageClassName": "fast.example"},
        "volumes": [{"claimName": "data", "mountPath": "/data", "readOnly": True}, {"claimName": "data", "mountPath": "/home/jovyan/more"}],
        "env": [{"name": "_A1", "value": "$(B) \"quoted\"\n"}, {"name": "EMPTY"}], "auth": "Hub", "credentials": "Required",
        "basePath": "/user/ada@x/~lab/", "desiredState": "Stopped", "run": 1000000000,
    },
    CLASS: {
        "images": [{"name": "lab", "image": "registry.example.org/lab:1", "pullPolicy": "Always"}, {"name": "R/4.1", "image": "r"}],
        "allowedImagePrefixes": ["registry.example.org/physics/"], "imagePullSecretNames": ["registry"],
        "resources": {"default": {"cpu": 1, "memory": "2Gi"}, "max": {"cpu": "64", "memory": "1Pi"}},
        "accelerators": [{"className": "a100", "maxCount": 8}], "defaultDurationSeconds": 3600, "maxDurationSeconds": 3600,
        "startDeadlineSeconds": 600, "alternativePatienceSeconds": 604800,
        "home": {"size": "1Mi", "storageClassName": "fast", "accessMode": "ReadWriteMany", "mountPath": "/home/jovyan"},
        "volumes": [{"claimName": "sets", "mountPath": "/datasets"}], "scratch": {"size": "100Gi", "mountPath": "/scratch"},
        "route": {
            "type": "HTTPRoute", "hostname": "lab.example.org", "scheme": "HTTP",
            "ingress": {"className": "nginx", "tlsSecretName": "lab-tls", "annotations": {"example.org/time-out": "1h"}},
            "gateway": {"name": "edge", "namespace": "gateways", "sectionName": "https"},
        },
        "pod": {
            "port": 65535, "command": ["start"], "args": ["--port=$(MAREA_PORT)", ""], "runAsUser": 1, "runAsGroup": 2147483647,
            "sharedMemory": "2Gi", "priorityClassName": "low", "runtimeClassName": "nvidia",
            "nodeSelector": {"example.org/pool": "gpu", "empty": ""},
            "tolerations": [{"key": "nvidia.com/gpu", "operator": "Equal", "value": "present", "effect": "NoSchedule"}, {"operator": "Exists"}],
        },
    },
    DEVICE: {
        "device": {"extendedResource": {"name": "nvidia.com/mig-1g.5gb"}}, "nodeSelector": {"nvidia.com/gpu.product": "A100-SXM4_40.GB"},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoExecute"}],
        "credits": 1000000, "reclaimBelowPriority": -2147483648,
    },
    PROJECT: {
        "parentName": "physics", "namespaces": ["ada", "1-more"],
        "namespaceSelector": {
            "matchLabels": {"example.org/team": "vision", "empty": ""},
            "matchExpressions": [
                {"key": "tier", "operator": "NotIn", "values": ["a", ""]}, {"key": "tier", "operator": "Exists"}, {"key": "x/gone", "operator": "DoesNotExist"},
            ],
        },
        "guarantees": [{"className": "a100", "count": 1000000, "lendingLimit": 1000000}, {"className": "mig-1g.5gb", "count": 0}, {"className": "cpu", "count": 7}],
        "limits": [{"className": "a100", "count": 1000000}, {"className": "t4", "count": 0}], "userLimits": [{"className": "cpu", "count": 1}],
        "borrowing": {"policy": "Allowed", "limits": [{"className": "a100", "count": 2}]}, "weight": 1000000, "maxPriority": 1000,
    },
}
