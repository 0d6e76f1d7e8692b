"""What rendering an event costs beside sending it; no Kafka."""

import re
import subprocess


def measure(build, figures):
    def said(name):
        return subprocess.check_output([build / "tests" / name], text=True)

    rendered = said("bench-render")

    def row(label, column):
        """CPU µs, or the µs that pass: where jq works, it is another process that computes."""
        return float(re.search(rf"^{re.escape(label)} +([\d.]+) us +([\d.]+) us$", rendered, re.M)[column])

    figures["send_us"] = float(re.search(r"([\d.]+) CPU us a delivery", said("bench-http"))[1])
    figures["event_us"] = row("decode, static url, body event", 1)
    figures["json_us"] = row("decode, body json of 5 paths", 1)
    figures["form_us"] = row("decode, body form of 5 paths", 1)
    figures["jq_us"] = row("decode, body jq", 2)
    figures["five_paths_us"] = figures["json_us"] - row("decode", 1)
    figures["avro_ratio"] = float(re.search(r"as JSON text .*, ([\d.]+) times", said("bench-avro"))[1])
