// Every option of every subcommand, with values that it does not take.
#include "program/field_work.hpp"
#include "support/printing.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

using strings = std::vector<std::string>;

const std::string no_file = "/no/such/folder/file";

/// What a subcommand needs apart from the option under test. The address is no machine's.
std::map<std::string, strings> complete_commands(const field_work& w)
{
    return {
        {"posts", {"x", "--account", "a"}},
        {"harvest", {w.jobs, "--store", w.folder.file("new.db")}},
        {"work", {"--store", "host=/no/such/folder"}},
        {"status", {"--store", w.store}},
        {"export", {"--store", w.store, "--format", "csv"}},
        {"accounts", {"--store", w.store}},
        {"control", {"--store", w.store}},
        {"backup", {w.folder.file("copy"), "--store", w.store}},
        {"doctor", {"--base-url", "http://localhost:1"}},
        {"simulate", {"--address", "203.0.113.1"}},
        {"help", {}},
    };
}

const strings numbers{"", "x", "-1", "1.5", "010", "0x10", "99999999999999999999", "\x1b[2J"};
const strings positive{"", "x", "-1", "1.5", "010", "0", "99999999999999999999"};
const strings shares{"", "x", "-0.1", "1.1", "nan", "0,5"};
const strings dates{"", "tomorrow", "2w", "2024-13-01", "2024-05-31T25:00:00Z", "05/31/2024"};
const strings words{"", "nonsense", "\n"};
const strings readable{"", no_file, "/"};
const strings empty{""};
const strings none{"=7"};

/// The values that an option refuses; for one that takes none, a value all the same.
const std::map<std::string, std::map<std::string, strings>> refused{
    {"posts",
     {{"--config", readable},
      {"--account", {"", "\x1b"}},
      {"--company", none},
      {"--max-posts", numbers},
      {"--max-pages", numbers},
      {"--since", dates},
      {"--limit", positive},
      {"--resume", words},
      {"--timeout", {"", "x", "-1", "nan", "inf", "1e400"}},
      {"--pace", {"", "x", "0/day", "gap 5s-1s"}},
      {"--store", readable},
      {"--output", readable},
      {"--summary", words},
      {"--quiet", none},
      {"--strict", none},
      {"--base-url", {"", "ftp://localhost", "http://api8.unipile.com", "a:b", "a b"}},
      {"--api-key-file", readable},
      {"--ca-file", readable},
      {"--crl-file", readable},
      {"--client-certificate", readable},
      {"--client-key", readable},
      {"--proxy", {"ftp://localhost", "a b", "http://me:secret@localhost"}},
      {"--connections", positive}}},
    {"harvest",
     {{"--config", readable},
      {"--store", {"", "/"}},
      {"--account", empty},
      {"--company", none},
      {"--columns", {"", "x", "x=y", "account=", "account=a,account=b", "account=a,identifier=a"}},
      {"--rejects", readable},
      {"--update", none},
      {"--full", none},
      {"--since", dates},
      {"--max-posts", numbers},
      {"--limit", positive},
      {"--empty-pages", numbers},
      {"--retry-failed", none},
      {"--restart", none},
      {"--order", words},
      {"--pace", {"", "x", "0/day"}},
      {"--until", {"", "x", "25:00", "2020-01-01"}},
      {"--accounts", readable},
      {"--parked", words},
      {"--dry-run", none},
      {"--ndjson", readable},
      {"--quiet", none},
      {"--progress", words},
      {"--progress-every", {"", "x", "0", "99ms", "2d"}},
      {"--summary", words},
      {"--listen", {"", "x", "127.0.0.1", "0.0.0.0:1", "127.0.0.1:65536"}},
      {"--listen-anywhere", none},
      {"--control-token-file", readable},
      {"--metrics-file", readable},
      {"--base-url", {"", "a:b"}},
      {"--api-key-file", readable},
      {"--ca-file", readable},
      {"--crl-file", readable},
      {"--client-certificate", readable},
      {"--client-key", readable},
      {"--proxy", {"ftp://localhost", "a b", "http://me:secret@localhost"}},
      {"--connections", positive},
      {"--base-url-changed", none},
      {"--outage-patience", {"", "x", "-1s", "15", "9999d"}},
      {"--answer-timeout", {"", "x", "0", "15"}},
      {"--take-over-after", {"", "x", "15"}}}},
    {"work",
     {{"--config", readable},
      {"--store", {"", "/"}},
      {"--wait", none},
      {"--until", {"", "x", "25:00", "2020-01-01"}},
      {"--limit", positive},
      {"--empty-pages", numbers},
      {"--ndjson", readable},
      {"--quiet", none},
      {"--progress", words},
      {"--progress-every", {"", "x", "0", "99ms", "2d"}},
      {"--summary", words},
      {"--listen", {"", "x", "127.0.0.1", "0.0.0.0:1", "127.0.0.1:65536"}},
      {"--listen-anywhere", none},
      {"--control-token-file", readable},
      {"--metrics-file", readable},
      {"--base-url", {"", "a:b"}},
      {"--api-key-file", readable},
      {"--ca-file", readable},
      {"--crl-file", readable},
      {"--client-certificate", readable},
      {"--client-key", readable},
      {"--proxy", {"ftp://localhost", "a b", "http://me:secret@localhost"}},
      {"--connections", positive},
      {"--outage-patience", {"", "x", "-1s", "15", "9999d"}},
      {"--answer-timeout", {"", "x", "0", "15"}}}},
    {"status",
     {{"--config", readable},
      {"--store", readable},
      {"--json", none},
      {"--eta", none},
      {"--jobs", none},
      {"--drift", none},
      {"--failed-jobs", {"", "/"}}}},
    {"export",
     {{"--config", readable},
      {"--store", readable},
      {"--format", words},
      {"--account", empty},
      {"--identifier", empty},
      {"--since", dates},
      {"--until", dates},
      {"--without-gone", none},
      {"--quarantined", {"=7"}},
      {"--what", words},
      {"--changes", none},
      {"--after", words},
      {"--state", {"", no_file}},
      {"--columns", words},
      {"--rotate", {"", "x", "0", "-1", "5 parsecs"}},
      {"--output", {"", "/", "no/such/folder/x.gz"}}}},
    {"accounts",
     {{"--config", readable},
      {"--store", readable},
      {"--json", none},
      {"--report", none},
      {"--pace", {"", "x"}},
      {"--unpark", empty}}},
    {"control", {{"--config", readable}, {"--store", readable}, {"--json", none}}},
    {"backup", {{"--config", readable}, {"--store", readable}}},
    // What else is wrong is what it reports.
    {"doctor",
     {{"--config", readable},
      {"--store", empty},
      {"--json", none},
      {"--pace", empty},
      {"--accounts", empty},
      {"--base-url", empty},
      {"--api-key-file", empty},
      {"--ca-file", empty},
      {"--crl-file", empty},
      {"--client-certificate", empty},
      {"--client-key", empty},
      {"--proxy", empty},
      {"--connections", positive}}},
    {"help", {{"--json", none}, {"--write", {"", "/dev/null"}}}},
    {"simulate",
     {{"--config", readable},
      {"--accounts", positive},
      {"--identifiers", positive},
      {"--posts", {"", "x", "5-3", "1-", "9999999999"}},
      {"--seed", numbers},
      {"--instagram-share", shares},
      {"--company-share", shares},
      {"--pinned-share", shares},
      {"--new-posts", numbers},
      {"--end", words},
      {"--cursors", words},
      {"--cursor-ttl", numbers},
      {"--delete-every", numbers},
      {"--wild", none},
      {"--write-jobs", readable},
      {"--write-truth", readable},
      {"--write-requests", readable},
      {"--address", {"", "x", "1.2.3", "203.0.113.1"}},
      {"--port", {"", "x", "-1", "65536"}},
      {"--tls", none},
      {"--ca-file", readable},
      {"--api-key-file", readable},
      {"--framing", words},
      {"--no-gzip", none},
      {"--latency", {"", "x", "5-3", "3600001"}},
      {"--bandwidth", {"", "x", "1G", "99999999999999999999", "-1"}},
      {"--keep-alive", numbers},
      {"--requests-per-connection", numbers},
      {"--cache", {"", "x", "1G"}},
      {"--threads", positive},
      {"--account-limit", {"", "x", "0/1", "1/0", "1"}},
      {"--fault", {"", "x", "429:rate=7", "429:foo=1", "drip=0"}}}},
};

/// As `--help` lists them.
std::set<std::string> options_in(const std::string& help)
{
    std::set<std::string> found;
    std::istringstream in{help};
    for (std::string line; std::getline(in, line);) {
        const std::size_t at = line.find_first_not_of(' ');
        if (at != 2 || line.compare(at, 2, "--") != 0) continue;
        found.insert(line.substr(at, line.find_first_of(" ,", at) - at));
    }
    return found;
}

/// `command` without the option that is tried, and with it at its end.
strings with(const std::string& command, const strings& base, const std::string& option, const std::string& value)
{
    strings all{command};
    for (std::size_t i = 0; i < base.size(); ++i) {
        if (base[i] == option)
            ++i;
        else
            all.push_back(base[i]);
    }
    if (value.starts_with('=')) {
        all.push_back(option + value);
    } else {
        all.push_back(option);
        all.push_back(value);
    }
    return all;
}

void check_refusal(const std::string& option, const finished& f)
{
    BOOST_TEST(f.code == 2);
    BOOST_TEST(f.signal == 0);
    BOOST_TEST(f.out == "");
    BOOST_TEST(f.err.starts_with("unipile: "), f.err);
    BOOST_TEST(f.err.find('\n') == f.err.size() - 1, f.err);
    BOOST_TEST(f.err.find(option.substr(2)) != std::string::npos, f.err);
    for (const char* foreign : {"not convert", "\x1b", "std::", "[system:", "exception"})
        BOOST_TEST(f.err.find(foreign) == std::string::npos, f.err);
}

BOOST_AUTO_TEST_SUITE(options_misuse)

BOOST_AUTO_TEST_CASE(each_option_says_in_a_line_what_is_wrong_with_its_value)
{
    const field_work w{two_accounts()};
    BOOST_TEST(w.harvest().code == 0);
    const std::map<std::string, strings> complete = complete_commands(w);
    const std::map<std::string, std::string> environment{{"UNIPILE_API_KEY", "k"}, {"UNIPILE_DSN", "localhost:1"}};
    for (const auto& [command, options] : refused)
        for (const auto& [option, values] : options)
            for (const std::string& value : values) {
                BOOST_TEST_CONTEXT(command << ' ' << option << " '" << value << "'")
                check_refusal(
                    option,
                    process{UNIPILE_PROGRAM, with(command, complete.at(command), option, value), environment}.wait());
            }
}

BOOST_AUTO_TEST_CASE(a_certificate_that_can_not_be_written_is_named)
{
    for (const std::string& file : {no_file, std::string{"/"}})
        check_refusal("--ca-file", process{UNIPILE_PROGRAM, {"simulate", "--tls", "--ca-file", file}, {}}.wait());
}

BOOST_AUTO_TEST_CASE(no_option_is_left_out)
{
    for (const auto& [command, options] : refused) {
        std::set<std::string> listed = options_in(process{UNIPILE_PROGRAM, {command, "--help"}, {}}.wait().out);
        BOOST_TEST(listed.erase("--help") == 0u);  // it has a short form, and stands elsewhere
        for (const auto& [option, values] : options) BOOST_TEST(listed.erase(option) == 1u, command << ' ' << option);
        BOOST_TEST(listed.empty(),
                   command << " has " << (listed.empty() ? "" : *listed.begin()) << ", which `refused` above lacks");
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
