"""Dashboards for Grafana, written as code; `python -m grafana.build` turns them into JSON."""

import warnings

with warnings.catch_warnings():
    # The SDK recommends the newer schema at import; the classic one is what every Grafana can load.
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.builders import bargauge, dashboard  # noqa: F401 -- imported for its warning
