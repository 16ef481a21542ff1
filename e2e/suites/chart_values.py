"""Every value of the chart, as different from its default as can be."""

EVERYTHING = {
    "image": {
        "repository": "registry.example.org:5000/ml/marea", "tag": "v9", "digest": "sha256:" + "a" * 64,
        "pullPolicy": "Always", "pullSecrets": ["registry", "mirror"],
    },
    "crds": {"install": False},
    "session": {
        "replicas": 5, "logLevel": "debug", "logFormat": "json", "infoMetric": True, "listenAddress": "[::]", "port": 65535,
        "resources": {"requests": {"cpu": "2", "memory": "1.5Gi", "ephemeral-storage": "1Gi"}, "limits": {"cpu": 4}},
        "nodeSelector": {"role": "infra"},
        "tolerations": [{"operator": "Exists"}, {"key": "a", "operator": "Equal", "value": "b", "effect": "NoExecute", "tolerationSeconds": 9}],
        "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "noisy"}}}
        ]}},
        "priorityClassName": "system-cluster-critical", "podAnnotations": {"note": "{{ not a template }}: 'x'"}, "podLabels": {"team": "ml"},
        "priorityClass": {"create": False, "name": "notebooks", "value": -10},
    },
    "gatewayApi": {"enabled": True},
    "tokenKeys": {"existingSecret": "keys-of-ours"},
    "serving": {"tlsSecret": "certificate"},
    "podDisruptionBudget": {"enabled": False},
    "networkPolicy": {"enabled": False, "apiServerPorts": [16443], "metricsFrom": [{"namespaceSelector": {"matchLabels": {"a": "b"}}}]},
    "serviceMonitor": {"enabled": True, "labels": {"release": "monitoring"}, "interval": "2m"},
    "prometheusRule": {"enabled": True, "labels": {"release": "monitoring"}, "runbooks": "https://wiki.example.org/marea"},
    "dashboards": {"enabled": True, "labels": {"dashboards": "yes"}, "annotations": {"folder": "ML"}},
    "personas": {"enabled": False, "catalogueForEverybody": False},
    "policies": {
        "actAs": False, "marks": False, "status": False, "images": False, "fillUser": True,
        "trustedUsers": ["system:serviceaccount:velero:velero", "oidc:o'brien@example.org"],
    },
}
