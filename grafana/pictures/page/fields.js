// From the frames of a panel to fields that know their unit, colours and words: Grafana's transformations and overrides.
import {
  applyFieldOverrides,
  cacheFieldDisplayNames,
  displayNameOverrideProcessor,
  FieldConfigOptionsRegistry,
  identityOverrideProcessor,
  numberOverrideProcessor,
  standardTransformers,
  standardTransformersRegistry,
  thresholdsOverrideProcessor,
  toDataFrame,
  transformDataFrame,
} from '@grafana/data';
import { lastValueFrom } from 'rxjs';

// What every panel type has, with the function that reads it; Grafana registers them in its server's part.
const STANDARD = {
  unit: identityOverrideProcessor,
  min: numberOverrideProcessor,
  max: numberOverrideProcessor,
  decimals: numberOverrideProcessor,
  displayName: displayNameOverrideProcessor,
  color: identityOverrideProcessor,
  noValue: identityOverrideProcessor,
  links: identityOverrideProcessor,
  mappings: identityOverrideProcessor,
  thresholds: thresholdsOverrideProcessor,
};

// What a panel type adds when a dashboard does not say it.
const CUSTOM = {
  timeseries: { axisPlacement: 'auto', lineInterpolation: 'linear', barAlignment: 0, barWidthFactor: 0.6 },
  table: { align: 'auto', cellOptions: { type: 'auto' } },
};

// One transformer is exported under two names.
const TRANSFORMERS = new Map(Object.values(standardTransformers).map((transformer) => [transformer.id, transformer]));

standardTransformersRegistry.setInit(() =>
  [...TRANSFORMERS].map(([id, transformer]) => ({
    id,
    name: transformer.name,
    transformation: () => Promise.resolve(transformer),
  }))
);

export async function prepare(panel, { theme, timeZone }) {
  const frames = panel.frames.map((frame) => toDataFrame({ ...frame, fields: frame.fields.map(readField) }));
  const data = applyFieldOverrides({
    data: await lastValueFrom(transformDataFrame(panel.transformations, frames)),
    fieldConfig: withCustom(panel),
    fieldConfigRegistry: registry(panel),
    replaceVariables: (text) => text,
    theme,
    timeZone,
  });
  // Colours by name and the headings of tables look there.
  cacheFieldDisplayNames(data);
  return data;
}

// JSON has no word for these numbers.
function readField(field) {
  return field.type === 'number' ? { ...field, values: field.values.map(Number) } : field;
}

function withCustom({ type, fieldConfig }) {
  const custom = { ...CUSTOM[type], ...fieldConfig.defaults.custom };
  return { ...fieldConfig, defaults: { ...fieldConfig.defaults, custom } };
}

function registry(panel) {
  const { defaults, overrides } = withCustom(panel);
  const overridden = overrides.flatMap((rule) => rule.properties.map((property) => property.id));
  const custom = overridden.filter((id) => id.startsWith('custom.')).map((id) => id.slice('custom.'.length));
  const paths = new Set([...Object.keys(defaults.custom), ...custom]);
  const options = [
    ...Object.entries(STANDARD).map(([id, process]) => option(id, id, false, process)),
    ...[...paths].map((path) => option(`custom.${path}`, path, true, identityOverrideProcessor)),
  ];
  return new FieldConfigOptionsRegistry(() => options);
}

function option(id, path, isCustom, process) {
  return { id, path, name: id, isCustom, process, shouldApply: () => true };
}
