"""Where a model may be asked."""

import logging

import pytest

from interviewer.errors import ModelUnavailable
from interviewer.retrieval.address import check_address


@pytest.mark.parametrize("url", [
    "http://localhost:8000/v1#m", "http://127.0.0.1/v1#m", "http://192.168.1.7:8000/v1#m", "https://models.example/v1#m",
    "http://[::1]:8000/v1#m",
])  # fmt: skip
def test_a_model_may_be_on_this_computer_in_the_same_network_or_anywhere(url):
    check_address(url, "", secret=False)


@pytest.mark.parametrize("url", [
    "http://169.254.169.254/latest/meta-data", "http://[fe80::1]/v1", "http://[::ffff:169.254.169.254]/v1",
    "http://metadata.google.internal/v1", "http://METADATA.google.internal./v1", "http://100.100.100.200/v1",
])  # fmt: skip
def test_a_clouds_metadata_is_never_asked(url):
    with pytest.raises(ModelUnavailable, match="secrets"):
        check_address(url, "", secret=False)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://host/v1", "host/v1", "", "http://", "http://[::1"])
def test_only_http_is_spoken(url):
    with pytest.raises(ModelUnavailable):
        check_address(url, "", secret=False)


def test_where_hosts_are_listed_no_other_is_asked():
    check_address("https://a.example/v1#m", " B.example, A.example ", secret=True)
    for url in ("https://c.example/v1", "https://a.example.evil/v1", "https://a.example@evil/v1"):
        with pytest.raises(ModelUnavailable, match="INTERVIEWER_MODEL_HOSTS"):
            check_address(url, "a.example,b.example", secret=True)


def test_a_key_over_plain_http_to_elsewhere_is_warned_of(caplog):
    with caplog.at_level(logging.WARNING):
        check_address("http://localhost/v1", "", secret=True)
        check_address("http://a.example/v1", "", secret=False)
        check_address("https://a.example/v1", "", secret=True)
        assert caplog.text == ""
        check_address("http://a.example/v1", "", secret=True)
    assert "plain HTTP" in caplog.text
