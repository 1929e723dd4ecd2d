{{- define "troupe.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "troupe.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "troupe.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "troupe.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Arguments: root, component. */}}
{{- define "troupe.componentName" -}}
{{- printf "%s-%s" (include "troupe.fullname" .root) .component -}}
{{- end -}}

{{- define "troupe.selectorLabels" -}}
app.kubernetes.io/name: {{ include "troupe.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "troupe.labels" -}}
{{ include "troupe.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: troupe
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name (.root.Chart.Version | replace "+" "_") }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "troupe.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository ($image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "troupe.executorName" -}}
{{- .Values.executorManager.executorName | default (include "troupe.fullname" .) -}}
{{- end -}}

{{- define "troupe.sandboxNamespace" -}}
{{- .Values.sandboxes.namespace | default .Release.Namespace -}}
{{- end -}}

{{- define "troupe.identitySecret" -}}
{{- .Values.identity.existingSecret | default (include "troupe.componentName" (dict "root" . "component" "identity")) -}}
{{- end -}}

{{- define "troupe.tlsSecret" -}}
{{- if .Values.tls.existingSecret -}}
{{- .Values.tls.existingSecret -}}
{{- else if .Values.tls.certManager.enabled -}}
{{- include "troupe.componentName" (dict "root" . "component" "tls") -}}
{{- end -}}
{{- end -}}

{{/* Inside the cluster: the names of the server's own certificate, whose authority every Pod of ours trusts. */}}
{{- define "troupe.serviceHost" -}}
{{- printf "%s.%s.svc" (include "troupe.componentName" (dict "root" . "component" "api")) .Release.Namespace -}}
{{- end -}}

{{- define "troupe.serviceURL" -}}
{{- $port := int .Values.api.service.port -}}
{{- printf "https://%s" (include "troupe.serviceHost" .) -}}
{{- if ne $port 443 }}:{{ $port }}{{ end -}}
{{- end -}}
