"""The exporter's processes, for the Exporter dashboard: what each costs, polls, runs and is configured with."""

from grafana.panels.charts import lines_panel
from grafana.panels.layout import Section, Tile
from grafana.panels.parts import YES_NO, Column, Query
from grafana.panels.promql import age, latest, selector
from grafana.panels.tables import table_panel

INSTANCE = ("job", "instance")
JOB_INSTANCE = {"job": "Job", "instance": "Instance"}
PER_INSTANCE = "{{instance}}"


def of_instance(family: str, pick: str = "max") -> str:
    """An exporter's figure about itself, for each process."""
    return latest(family, INSTANCE, pick=pick)


def process() -> Section:
    """What a process costs: scrapes, CPU, memory and files."""
    cpu = f"sum by (job, instance) (rate({selector('process_cpu_seconds_total')}[$__rate_interval]))"
    files = f"{of_instance('process_open_fds')} / {of_instance('process_max_fds')}"
    return Section(
        "The process",
        [
            Tile(
                8,
                8,
                lines_panel(
                    "Size of a scrape",
                    "Samples in each scrape. It grows with accounts and currencies held.",
                    "short",
                    [Query(of_instance("scrape_samples_scraped"), PER_INSTANCE)],
                    minimum=0,
                    narrow=True,
                ),
            ),
            Tile(
                8,
                8,
                lines_panel(
                    "Duration of a scrape",
                    "How long Prometheus took to scrape. It never waits for an exchange.",
                    "s",
                    [Query(of_instance("scrape_duration_seconds"), PER_INSTANCE)],
                    minimum=0,
                    narrow=True,
                ),
            ),
            Tile(
                8,
                8,
                lines_panel(
                    "CPU",
                    "Cores in use.",
                    "percentunit",
                    [Query(cpu, PER_INSTANCE)],
                    minimum=0,
                    narrow=True,
                ),
            ),
            Tile(
                8,
                8,
                lines_panel(
                    "Memory",
                    "Resident and virtual memory.",
                    "bytes",
                    [
                        Query(of_instance("process_resident_memory_bytes"), f"{PER_INSTANCE} resident"),
                        Query(of_instance("process_virtual_memory_bytes"), f"{PER_INSTANCE} virtual"),
                    ],
                    minimum=0,
                    narrow=True,
                ),
            ),
            Tile(
                8,
                8,
                lines_panel(
                    "Open files",
                    "File descriptors in use, as a share of what the process may have.",
                    "percentunit",
                    [Query(files, PER_INSTANCE)],
                    minimum=0,
                    narrow=True,
                ),
            ),
            Tile(
                8,
                8,
                lines_panel(
                    "Uptime",
                    "Time since each process was started.",
                    "s",
                    [Query(f"time() - {of_instance('process_start_time_seconds')}", PER_INSTANCE)],
                    minimum=0,
                    narrow=True,
                ),
            ),
        ],
    )


def fleet() -> Section:
    """Shards, configurations and versions of all processes."""
    programs = " or ".join(
        f'label_replace(last_over_time({selector(info)}[3m]), "program", "{program}", "", "")'
        for info, program in (("exchange_exporter_build_info", "exporter"), ("python_info", "Python"))
    )
    reloaded = "exchange_exporter_config_last_reload_success_timestamp_seconds"
    return Section(
        "Fleet",
        [
            Tile(
                24,
                8,
                table_panel(
                    "Shards and configuration",
                    "What each process polls and which configuration it runs. Equal hashes are equal configurations, "
                    "secrets aside.",
                    JOB_INSTANCE,
                    [
                        Column("Shard", of_instance("exchange_exporter_shard_ordinal"), "none"),
                        Column("Of", of_instance("exchange_exporter_shards"), "none"),
                        Column("Accounts", of_instance("exchange_exporter_accounts"), "none"),
                        Column(
                            "Last reload good",
                            of_instance("exchange_exporter_config_last_reload_successful", "min"),
                            "none",
                            states=YES_NO,
                        ),
                        Column("Configured ago", age(reloaded, INSTANCE), "s", decimals=0),
                        Column("Configuration", of_instance("exchange_exporter_config_hash"), "none", decimals=0),
                    ],
                    sort="Instance",
                    none="no exporter is scraped",
                ),
            ),
            Tile(
                24,
                8,
                table_panel(
                    "Versions",
                    "Version of the exporter and of Python that each process runs.",
                    {**JOB_INSTANCE, "program": "Program", "version": "Version"},
                    [
                        Column("Processes", f"count by (job, instance, program, version) ({programs})", "none"),
                    ],
                    sort="Instance",
                    none="no exporter is scraped",
                ),
            ),
        ],
    )
