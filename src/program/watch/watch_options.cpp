#include "program/watch/watch_options.hpp"

#include "program/options/times.hpp"
#include "program/terminal/safe_text.hpp"
#include "program/watch/state_json.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <system_error>

#include <sys/random.h>
#include <cerrno>

namespace unipile::program {
namespace {

constexpr const char* progress_group = "Progress";
constexpr const char* page_group = "Page and metrics";
constexpr std::size_t shortest_token = 16;

log_form form_named(const std::string& name)
{
    if (name == "json") return log_form::json;
    return name == "none" ? log_form::none : log_form::text;
}

std::string random_token()
{
    std::array<unsigned char, 16> bytes{};
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
        throw std::system_error{errno, std::generic_category(), "no control token can be made"};
    std::string token;
    for (const unsigned char b : bytes)
        for (const int digit : {b >> 4, b & 15}) token += "0123456789abcdef"[digit];
    return token;
}

std::string token_in(const std::string& file)
{
    std::ifstream in{file, std::ios::binary};
    std::string token;
    if (!std::getline(in, token))
        throw std::invalid_argument{"--control-token-file: " + printable(file) + " can't be read, or is empty"};
    if (token.ends_with('\r')) token.pop_back();
    const bool is_plain = std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    if (token.size() < shortest_token || !is_plain)
        throw std::invalid_argument{"--control-token-file: the first line of " + printable(file) +
                                    " is no token; put 16 or more letters and digits there, such as those of "
                                    "`openssl rand -hex 16`"};
    return token;
}

log_settings log_settings_of(const watch_options& o)
{
    log_settings settings;
    settings.progress = o.quiet ? log_form::none : form_named(o.progress);
    settings.summary = o.quiet ? log_form::none : form_named(o.summary.empty() ? o.progress : o.summary);
    if (o.progress_every.empty()) return settings;
    settings.every = parse_duration(o.progress_every);
    if (!settings.every || *settings.every < std::chrono::milliseconds{100} || *settings.every > std::chrono::days{1})
        throw std::invalid_argument{"--progress-every: give a duration such as 30s or 5m, from 100ms to 1d"};
    return settings;
}

void add_progress_options(CLI::App& command, watch_options& o)
{
    command
        .add_option(
            "--progress", o.progress,
            "What standard error shows of the harvest while it runs: text is a display on a terminal and a line "
            "from time to time elsewhere; json makes each line an object, messages too")
        ->type_name("text|json|none")
        ->check(CLI::IsMember({"text", "json", "none"}))
        ->capture_default_str()
        ->group(progress_group);
    command
        .add_option(
            "--progress-every", o.progress_every,
            "Time between two lines of progress, such as 30s or 5m; usually 10s for json, and for text up to 1h, "
            "the longer it runs")
        ->type_name("DURATION")
        ->group(progress_group);
    command.add_option("--summary", o.summary, "What standard error shows at the end; usually the form of --progress")
        ->type_name("text|json|none")
        ->check(CLI::IsMember({"text", "json", "none"}))
        ->group(progress_group);
    command.add_flag("--quiet", o.quiet, "No progress and no summary")
        ->excludes("--progress")
        ->excludes("--summary")
        ->group(progress_group);
}

}  // namespace

void say(const watch_options& options, std::string_view line)
{
    std::cerr << (options.is_json() ? message_json(line, wall_now()) : std::string(line)) << '\n';
}

void add_watch_options(CLI::App& command, watch_options& o)
{
    add_progress_options(command, o);
    CLI::Option* listen =
        command
            .add_option("--listen", o.listen,
                        "Serve a page with progress, accounts and controls at this address, such as 127.0.0.1:9470 "
                        "(port 0: a free one); also /status.json, /metrics for Prometheus, and /healthz")
            ->type_name("ADDRESS:PORT")
            ->group(page_group);
    command
        .add_flag("--listen-anywhere", o.listen_anywhere,
                  "--listen may be an address that other machines reach. Whoever does sees accounts, identifiers and "
                  "failures, and the control token travels unencrypted")
        ->needs(listen)
        ->group(page_group);
    command
        .add_option("--control-token-file", o.control_token_file,
                    "The first line of FILE is the token that the page's controls need; without it, one is made and "
                    "printed at the start")
        ->type_name("FILE")
        ->needs(listen)
        ->group(page_group);
    command
        .add_option("--metrics-file", o.metrics_file,
                    "Write metrics for Prometheus to FILE every 15 s and at the end, for node_exporter's textfile "
                    "collector; it is replaced as a whole")
        ->type_name("FILE")
        ->group(page_group);
}

watch_settings watch_settings_of(const watch_options& o)
{
    watch_settings settings;
    settings.log = log_settings_of(o);
    settings.metrics_file = o.metrics_file;
    if (o.listen.empty()) return settings;
    settings.listen = parse_listen_address(o.listen, o.listen_anywhere);
    settings.token_is_told = o.control_token_file.empty();
    if (!settings.token_is_told) {
        settings.token = token_in(o.control_token_file);
        return settings;
    }
    static const std::string of_this_process = random_token();
    settings.token = of_this_process;
    return settings;
}

}  // namespace unipile::program
