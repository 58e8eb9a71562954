#!/bin/sh
# Make the JSON schemas of this directory and ../dashboard.schema.json from Grafana's own TypeScript types.
# Run once for each Grafana release to be checked against; needs node and npm.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
npm init --yes > /dev/null
npm install --no-audit --no-fund @grafana/schema@13.2.3 ts-json-schema-generator@2.4.0
types=node_modules/@grafana/schema/dist/types/raw

generate() { # file, type, output, further flags
    npx ts-json-schema-generator --path "$1" --type "$2" --out "$3" --no-type-check --jsDoc none ${4:-}
}

# Panels of the classic type carry options that their plugin defines, hence --additional-properties;
# those options are checked apart, without it.
generate "$types/dashboard/x/types.gen.d.ts" Dashboard "$here/../dashboard.schema.json" --additional-properties
for panel in bargauge piechart stat statetimeline table timeseries; do
    generate "$types/composable/$panel/panelcfg/x/types.gen.d.ts" Options "$here/$panel.options.json"
done
for panel in statetimeline timeseries; do
    generate "$types/composable/$panel/panelcfg/x/types.gen.d.ts" FieldConfig "$here/$panel.field.json"
done
