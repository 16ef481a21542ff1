{{/* Names are fixed: there is one Marea in a cluster, and its kinds are the cluster's. */}}

{{- define "marea.labels" -}}
app.kubernetes.io/name: marea
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- define "marea.selector" -}}
app.kubernetes.io/name: marea
app.kubernetes.io/component: {{ . }}
{{- end }}

{{- define "marea.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{ .Values.image.repository }}:{{ $tag }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{- define "marea.tokenKeys" -}}
{{ .Values.tokenKeys.existingSecret | default "marea-token-keys" }}
{{- end }}

{{/* CEL: the requester is Marea itself, was named in values, or may do everything in the cluster, as who restores a backup does. */}}
{{- define "marea.trusted" -}}
request.userInfo.username in {{ prepend .Values.policies.trustedUsers (printf "system:serviceaccount:%s:marea-session" .Release.Namespace) | toJson | replace "'" "''" }} || authorizer.group("*").resource("*").check("*").allowed()
{{- end }}
