"""URLs that must never make our servers call a non-public address, in every form that some parser accepts."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address

PUBLIC_NAME = "public.example.com"

METADATA = "169.254.169.254"
IPV4 = (
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",  # noqa: S104  # a host to refuse
    "10.0.0.1",
    "172.31.255.1",
    "192.168.0.1",
    "100.64.0.1",
    METADATA,
    "169.254.170.2",
    "168.63.129.16",
    "224.0.0.1",
    "255.255.255.255",
)
OTHER_IPV4 = ("0.1.2.3", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1") + (
    "239.255.255.250",
    "240.0.0.1",
    "100.127.255.254",
    "172.16.0.1",
    "10.255.255.255",
)
IPV6 = (
    *("::", "::1", "0:0:0:0:0:0:0:1", "0000:0000:0000:0000:0000:0000:0000:0001", "::0:1", "0::1", "::0.0.0.1"),
    *("fc00::1", "fd00:ec2::254", "fd12:3456:789a::1", "fe80::1", "febf::1", "fec0::1", "100::1", "100:0:0:1::1"),
    *("ff02::1", "ff0e::1", "ff05::2", "2001:db8::1", "2001:2::1", "2001:10::1", "3fff::1", "5f00::1", "4000::1"),
    *("fe80::1%25eth0", "fe80::1%eth0", "::1%25lo", "::1%1"),
)
# Names, and what a resolver under an attacker's hand answers for them.
NAMES = {
    "localhost": ("127.0.0.1", "::1"),
    "ip6-localhost": ("::1",),
    "localhost.localdomain": ("127.0.0.1",),
    "metadata.google.internal": (METADATA,),
    "instance-data": (METADATA,),
    "127.0.0.1.nip.io": ("127.0.0.1",),
    "169-254-169-254.sslip.io": (METADATA,),
    "vault.internal.example.com": ("10.1.2.3",),
    "public-first.example.com": ("93.184.215.14", "10.0.0.1"),
    "private-first.example.com": ("169.254.169.254", "93.184.215.14"),
    "six-is-private.example.com": ("93.184.215.14", "fd00::1"),
    "mapped.example.com": ("::ffff:127.0.0.1",),
    "nat64.example.com": ("64:ff9b::a9fe:a9fe",),
    "xn--lcalhost-n4a.example.com": ("127.0.0.1",),
}
FULL_WIDTH = str.maketrans("0123456789.", "\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19\uff0e")
CIRCLED = str.maketrans("123456789", "①②③④⑤⑥⑦⑧⑨")


def forms_of(address: str) -> Iterator[str]:
    """Hosts that inet_aton, a browser or a careless parser reads as this IPv4 address."""
    number = int(IPv4Address(address))
    a, b, c, d = IPv4Address(address).packed
    yield from (address, str(number), f"{number:#x}", f"{number:#X}", f"0{number:o}", f"0x{number:016x}")
    yield from (f"{a}.{number & 0xFFFFFF}", f"{a}.{b}.{c << 8 | d}", f"{a:#x}.{number & 0xFFFFFF:#x}")
    yield from (f"{a:#x}.{b:#x}.{c:#x}.{d:#x}", f"0{a:o}.0{b:o}.0{c:o}.0{d:o}", f"000{a:o}.{b}.{c}.{d:#x}")
    yield from (f"{address}.", address.translate(FULL_WIDTH), address.translate(CIRCLED))
    yield from (address.replace(".", dot) for dot in "\u3002\uff0e\uff61")
    yield from (address.replace(".", "%2e"), "".join(f"%{ord(letter):02x}" for letter in address))
    yield from (f"{address}%00.{PUBLIC_NAME}", f"{address}%09", str(number + 2**32))


def embedded(address: str) -> Iterator[str]:
    """IPv6 literals that carry this IPv4 address."""
    high, low = divmod(int(IPv4Address(address)), 2**16)
    yield from (f"::ffff:{address}", f"::ffff:{high:x}:{low:x}", f"0:0:0:0:0:ffff:{address}", f"::{high:x}:{low:x}")
    yield from (f"::{address}", f"::ffff:0:{address}", f"64:ff9b::{address}", f"64:ff9b::{high:x}:{low:x}")
    yield from (f"64:ff9b:1::{address}", f"2002:{high:x}:{low:x}::1", f"2002:{high:x}:{low:x}::")
    teredo = IPv6Address(0x2001 << 112 | int(IPv4Address(address)) << 64 | 0xFFFFFFFF ^ int(IPv4Address(address)))
    yield from (str(teredo), IPv6Address(f"::ffff:{address}").exploded)


def hosts() -> Iterator[str]:
    for address in IPV4:
        yield from forms_of(address)
        yield from (f"[{literal}]" for literal in embedded(address))
    yield from OTHER_IPV4
    yield from (f"[{address}]" for address in IPV6)
    yield from NAMES
    yield from ("LOCALHOST", "LocalHost", "localhost.", "lo%63alhost", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "ⅼocalhost", "locaℓhost")
    yield from (
        "127.0.0.1:443:80",
        "[::1",
        "::1",
        "[]",
        "[127.0.0.1]",
        "[v1.127.0.0.1]",
        "[::1]extra",
        "[::ffff:1.2.3]",
    )
    yield from ("127..0.1", "127.0.0.1.1", "127.0.0.0x", "0x", "08.0.0.1", "1e3", "-127.0.0.1", "+127.0.0.1")


def tricks(inner: str) -> Iterator[str]:
    """URLs of which some parser sees the public name and another one the inner host."""
    for user in (PUBLIC_NAME, f"{PUBLIC_NAME}:443", f"{PUBLIC_NAME}%00", "user:secret", "", ":", f"{PUBLIC_NAME}%2f"):
        yield f"https://{user}@{inner}/"
    yield from (f"https://{PUBLIC_NAME}\\@{inner}/", f"https://{inner}\\@{PUBLIC_NAME}/")
    yield from (f"https://{PUBLIC_NAME}#@{inner}/", f"https://{inner}#@{PUBLIC_NAME}/", f"https://a@b@{inner}/")
    yield from (f"https://{inner}%23.{PUBLIC_NAME}/", f"https://{inner}%2f{PUBLIC_NAME}/", f"https://{inner}%5c/")
    yield from (f"https:{slashes}{inner}/" for slashes in ("\\\\", "/\\", "\\/", "", "/"))
    yield from (f"https:///{inner}/", f"https:////{inner}/", f"//{inner}/", f"///{inner}/", f"\\\\{inner}\\", inner)
    for blank in (" ", "\t", "\r\n", "\n", "\x00", "\x0b", "\x7f", "\u00a0", "\u2028", "\u200b", "\u00ad", "\ufeff"):
        yield from (f"https://{inner}{blank}/", f"https://{blank}{inner}/", f"{blank}https://{inner}/")
    yield from (f"https://{inner}/\r\nHost: {PUBLIC_NAME}", f"https://{PUBLIC_NAME}\r\nHost: {inner}/")


def schemes_and_ports(inner: str) -> Iterator[str]:
    for scheme in (
        "http",
        "ftp",
        "file",
        "gopher",
        "dict",
        "ldap",
        "tftp",
        "ws",
        "wss",
        "jar:https",
        "s3",
        "url:https",
    ):
        yield f"{scheme}://{inner}/"
    yield from (f"data:text/html,{inner}", f"javascript:{inner}", "https://")
    for port in ("0", "22", "25", "80", "443", "1023", "8443", "65535", "65536", "-1", "+443", "443x", " 443"):
        yield f"https://{inner}:{port}/"
    for port in ("\uff14\uff14\uff13", "1e3", "0x1bb", "443:443"):
        yield f"https://{inner}:{port}/"
    yield from (f"https://{inner}/{'a' * 2_048}", f"https://{inner}/?{'b' * 4_000}", f"https://{'a.' * 200}{inner}/")
    yield f"https://{'a' * 64}.{inner}/"


def hostile_urls() -> list[str]:
    """Without doubles, in a fixed order."""
    found = [f"https://{host}/clip.mp4" for host in hosts()]
    for inner in ("127.0.0.1", METADATA, "[::1]", "localhost"):
        found += [*tricks(inner), *schemes_and_ports(inner)]
    return list(dict.fromkeys(found))
