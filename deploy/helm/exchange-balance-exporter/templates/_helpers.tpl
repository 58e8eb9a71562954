{{/* The release's name, with the chart's where it lacks it; short enough for a StatefulSet's revisions. */}}
{{- define "exporter.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "exporter.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "exporter.labels" -}}
{{ include "exporter.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "exporter.configMap" -}}
{{- default (include "exporter.fullname" .) .Values.existingConfigMap -}}
{{- end -}}

{{- define "exporter.secret" -}}
{{- if and .Values.credentials.existingSecret .Values.credentials.values -}}
{{- fail "credentials.existingSecret and credentials.values are both set: one of them names the secrets" -}}
{{- end -}}
{{- default (printf "%s-credentials" (include "exporter.fullname" .)) .Values.credentials.existingSecret -}}
{{- end -}}

{{- define "exporter.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}{{ .repository }}@{{ .digest }}{{- else -}}{{ .repository }}:{{ default $.Chart.AppVersion .tag }}{{- end -}}
{{- end -}}
{{- end -}}

{{- define "exporter.get" -}}
httpGet:
  path: {{ .path }}
  port: metrics
  {{- if .Values.webConfig.existingSecret }}
  scheme: {{ .Values.webConfig.scheme }}
  {{- with .Values.webConfig.httpHeaders }}
  httpHeaders: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
{{- end -}}
