{{- define "troupe.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "troupe.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* The parts of every Pod. Arguments: root, values (of the component). */}}
{{- define "troupe.podSpec" -}}
securityContext:
  {{- include "troupe.podSecurityContext" . | nindent 2 }}
enableServiceLinks: false
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Spread over nodes unless something else is said. Arguments: root, component, values. */}}
{{- define "troupe.spread" -}}
topologySpreadConstraints:
  {{- if .values.topologySpreadConstraints }}
  {{- toYaml .values.topologySpreadConstraints | nindent 2 }}
  {{- else }}
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "troupe.selectorLabels" . | nindent 8 }}
  {{- end }}
{{- end -}}

{{/* Mounted read-only; a process without fsGroup could not read it. */}}
{{- define "troupe.identityVolume" -}}
{{- $identity := .Values.identity -}}
- name: identity
  projected:
    defaultMode: 0440
    sources:
      - secret:
          name: {{ include "troupe.identitySecret" . }}
          items:
            {{- if not $identity.token.existingSecret }}
            - { key: token, path: token }
            {{- end }}
            {{- if not $identity.ca.existingSecret }}
            - { key: ca.crt, path: ca.crt }
            - { key: ca.key, path: ca.key }
            {{- end }}
            {{- if not $identity.encryptionKeys.existingSecret }}
            - { key: encryption-keys, path: encryption-keys }
            {{- end }}
            - { key: service-account-keys, path: service-account-keys }
            - { key: account-keys, path: account-keys }
      {{- with $identity.token.existingSecret }}
      - secret:
          name: {{ . }}
          items:
            - { key: {{ $identity.token.key }}, path: token }
      {{- end }}
      {{- with $identity.ca.existingSecret }}
      - secret:
          name: {{ . }}
          items:
            - { key: {{ $identity.ca.certificateKey }}, path: ca.crt }
            - { key: {{ $identity.ca.privateKeyKey }}, path: ca.key }
      {{- end }}
      {{- with $identity.encryptionKeys.existingSecret }}
      - secret:
          name: {{ . }}
          items:
            - { key: {{ $identity.encryptionKeys.key }}, path: encryption-keys }
      {{- end }}
{{- end -}}

{{/* The authority alone, for Pods that are clients. */}}
{{- define "troupe.authorityProjection" -}}
{{- $ca := .Values.identity.ca -}}
- secret:
    name: {{ $ca.existingSecret | default (include "troupe.identitySecret" .) }}
    items:
      - { key: {{ ternary $ca.certificateKey "ca.crt" (ne $ca.existingSecret "") }}, path: ca.crt }
{{- end -}}

{{/*
A kubeconfig whose credential is the token of the Pod's own ServiceAccount: the kubelet renews it, and it is for this API
alone. No Secret holds it.
*/}}
{{- define "troupe.clientVolume" -}}
- name: api
  projected:
    defaultMode: 0440
    sources:
      - configMap:
          name: {{ include "troupe.componentName" (dict "root" . "component" "kubeconfig") }}
          items:
            - { key: kubeconfig, path: kubeconfig }
      {{- include "troupe.authorityProjection" . | nindent 6 }}
      - serviceAccountToken:
          path: token
          audience: {{ .Values.authentication.serviceAccountIssuer }}
          expirationSeconds: 3600
{{- end -}}

{{/* Arguments: port name, scheme, startupSeconds. */}}
{{- define "troupe.probes" -}}
startupProbe:
  httpGet: { path: /livez, port: {{ .port }}, scheme: {{ .scheme }} }
  periodSeconds: 2
  failureThreshold: {{ div .startupSeconds 2 }}
livenessProbe:
  httpGet: { path: /livez, port: {{ .port }}, scheme: {{ .scheme }} }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: { path: /readyz, port: {{ .port }}, scheme: {{ .scheme }} }
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 2
{{- end -}}
