// The values of panels that show one figure for each series.
import { getFieldDisplayValues } from '@grafana/data';

export function figures({ panel, data, theme, timeZone }) {
  return getFieldDisplayValues({
    fieldConfig: panel.fieldConfig,
    reduceOptions: panel.options.reduceOptions,
    replaceVariables: (text) => text,
    theme,
    data,
    timeZone,
  });
}
