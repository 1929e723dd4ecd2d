{{/* Rules that no schema can hold: values that need or exclude each other. */}}
{{- define "troupe.validate" -}}
{{- $v := .Values -}}
{{- if and (not $v.database.existingSecret) (not $v.database.sqlite.enabled) -}}
{{- fail "database.existingSecret: name a Secret with the URL of MySQL or MariaDB, or set database.sqlite.enabled for one replica" -}}
{{- end -}}
{{- if and $v.database.existingSecret $v.database.sqlite.enabled -}}
{{- fail "database.sqlite.enabled: must be false where database.existingSecret is set" -}}
{{- end -}}
{{- if and $v.database.sqlite.enabled (or (gt (int $v.api.replicas) 1) $v.api.autoscaling.enabled) -}}
{{- fail "api.replicas: must be 1, and api.autoscaling.enabled false, with database.sqlite.enabled: SQLite is for one process" -}}
{{- end -}}
{{- if and $v.api.autoscaling.enabled (lt (int $v.api.autoscaling.maxReplicas) (int $v.api.autoscaling.minReplicas)) -}}
{{- fail "api.autoscaling.maxReplicas: must not be below api.autoscaling.minReplicas" -}}
{{- end -}}
{{- if and $v.identity.existingSecret $v.identity.deleteOnUninstall -}}
{{- fail "identity.deleteOnUninstall: is for the Secret that the chart makes, not for identity.existingSecret" -}}
{{- end -}}
{{- if and (not $v.identity.create) (not $v.identity.existingSecret) -}}
{{- fail "identity.existingSecret: name the Secret with the key material, or set identity.create" -}}
{{- end -}}
{{- if and $v.tls.existingSecret $v.tls.certManager.enabled -}}
{{- fail "tls.certManager.enabled: must be false where tls.existingSecret is set" -}}
{{- end -}}
{{- if $v.tls.certManager.enabled -}}
{{- if not $v.tls.certManager.issuerRef.name -}}
{{- fail "tls.certManager.issuerRef.name: name the issuer" -}}
{{- end -}}
{{- if not $v.tls.certManager.dnsNames -}}
{{- fail "tls.certManager.dnsNames: name the hosts that clients use" -}}
{{- end -}}
{{- end -}}
{{- if and $v.authentication.configuration $v.authentication.existingSecret -}}
{{- fail "authentication.configuration: must be empty where authentication.existingSecret is set" -}}
{{- end -}}
{{- if and $v.ingress.enabled (not $v.ingress.hosts) -}}
{{- fail "ingress.hosts: name at least one host" -}}
{{- end -}}
{{- if or $v.gateway.tlsRoute.enabled $v.gateway.httpRoute.enabled -}}
{{- if not $v.gateway.parentRefs -}}
{{- fail "gateway.parentRefs: name the Gateway" -}}
{{- end -}}
{{- if and $v.gateway.tlsRoute.enabled (not $v.gateway.hostnames) -}}
{{- fail "gateway.hostnames: a TLSRoute needs the names that clients ask for" -}}
{{- end -}}
{{- end -}}
{{- if and $v.monitoring.serviceMonitor.enabled (not $v.monitoring.serviceMonitor.tokenSecret.name) -}}
{{- fail "monitoring.serviceMonitor.tokenSecret.name: name a Secret with a token that may read /metrics of the API" -}}
{{- end -}}
{{- if and $v.sandboxes.storageClass (ne $v.sandboxes.workspace "claim") -}}
{{- fail "sandboxes.storageClass: is for sandboxes.workspace: claim" -}}
{{- end -}}
{{- end -}}
