"""Which hosts are this machine itself: http is allowed there, and no proxy is asked for them."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Whether a host, without port and brackets, is loopback: 127.0.0.0/8, ::1 or localhost."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"
