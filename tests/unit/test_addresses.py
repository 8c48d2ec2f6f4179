import ipaddress

import pytest

from brain.addresses import AllowedHosts, HostList, is_public, written_address
from brain.errors import SettingsError

PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.215.14", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
NOT_PUBLIC = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_an_ordinary_address_is_public(address):
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_a_special_address_is_not_public(address):
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("0", "0.0.0.0"),
        ("[::1]", "::1"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_every_way_to_write_an_address_is_understood(host, address):
    assert str(written_address(host)) == address


@pytest.mark.parametrize("host", ["example.org", "1password.com", "3com.com", "localhost", "127.0.0.1.nip.io"])
def test_a_name_is_no_address(host):
    assert written_address(host) is None


def test_settings_open_hosts_addresses_and_networks_and_nothing_else():
    allowed = AllowedHosts(("Intranet.example", "10.1.2.3", "192.168.0.0/16", "fd00::/8"))
    private = ipaddress.ip_address("10.9.9.9")
    assert allowed.permits("intranet.example.", private)
    assert not allowed.permits("other.intranet.example", private)
    assert allowed.permits("any.example", ipaddress.ip_address("10.1.2.3"))
    assert allowed.permits("any.example", ipaddress.ip_address("::ffff:192.168.7.7"))
    assert allowed.permits("any.example", ipaddress.ip_address("fd12::1"))
    assert not allowed.permits("any.example", ipaddress.ip_address("127.0.0.1"))


@pytest.mark.parametrize(
    ("host", "is_named"),
    [
        ("api.example", True),
        ("API.example.", True),
        ("x.api.example", False),
        ("example.org", False),
        ("a.example.org", True),
        ("a.b.example.org", True),
        ("badexample.org", False),
        ("example.org.evil", False),
        ("10.1.2.3", True),
        ("0x0a.1.2.3", True),
        ("[::ffff:10.1.2.3]", True),
        ("11.0.0.1", False),
        ("127.0.0.1", True),
        ("2130706433", True),
        ("[fd00::7]", True),
    ],
)
def test_a_list_names_hosts_all_hosts_below_a_domain_and_written_addresses(host, is_named):
    listed = HostList(("api.example", "*.Example.org", "10.0.0.0/8", "0x7f.1", "fd00::/8"), "BRAIN_ONLY_HOSTS")
    assert listed.names(host) is is_named


def test_a_list_holds_a_name_by_what_it_leads_to():
    listed = HostList(("10.0.0.0/8",), "BRAIN_ONLY_HOSTS")
    assert listed.holds("any.example", ipaddress.ip_address("10.9.9.9"))
    assert not listed.holds("any.example", ipaddress.ip_address("8.8.8.8"))
    assert not listed.names("any.example")
    assert listed
    assert not HostList((), "BRAIN_ONLY_HOSTS")


@pytest.mark.parametrize(
    "entry", ["http://10.0.0.1/", "intranet.example:8080", "*", "*example", "*.", "a.*.b", "10.0.0.0/99", "a b", ""]
)
def test_a_setting_that_could_never_match_is_refused(entry):
    with pytest.raises(SettingsError, match="BRAIN_ALLOW_HOSTS names"):
        AllowedHosts((entry,))
    with pytest.raises(SettingsError, match="BRAIN_ONLY_HOSTS names"):
        HostList((entry,), "BRAIN_ONLY_HOSTS")
