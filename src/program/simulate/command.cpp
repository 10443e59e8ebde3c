// `unipile simulate`: serves the simulated API.
#include "program/command.hpp"
#include "program/options/command_files.hpp"
#include "program/options/connection_options.hpp"
#include "program/options/option_checks.hpp"
#include "program/terminal/safe_text.hpp"

#include <unipile/simulator.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace unipile::program {
namespace {

namespace fs = std::filesystem;

/// The options as typed.
struct simulate_options {
    simulator::options server;
    std::string posts = "100", latency = "0", bandwidth = "0", cache = "64M", framing = "chunked", end = "null",
                cursors = "anchored";
    std::string key_file, jobs_file, truth_file, requests_file;
    std::uint32_t keep_alive = 5'000, cursor_ttl = 0;
    std::uint64_t new_posts = 0;
    std::vector<std::string> faults, limits;
    bool wild = false, no_gzip = false;
    unsigned threads = 1;
};

std::optional<std::uint64_t> number(std::string_view text)
{
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// Reads `N` or `N-M`, up to `most`.
std::pair<std::uint64_t, std::uint64_t> range(const char* option, std::string_view text, std::uint64_t most)
{
    const auto dash = text.find('-');
    const auto low = number(text.substr(0, dash));
    const auto high = dash == text.npos ? low : number(text.substr(dash + 1));
    if (!low || !high || *low > *high || *high > most)
        throw std::invalid_argument(std::string(option) + ": give N or N-M, from 0 to " + std::to_string(most));
    return {*low, *high};
}

/// Reads `N`, `Nk` or `NM`, powers of ten.
std::uint64_t bytes(const char* option, std::string_view text)
{
    std::uint64_t unit = 1;
    if (text.ends_with('k')) unit = 1'000;
    if (text.ends_with('M')) unit = 1'000'000;
    if (unit > 1) text.remove_suffix(1);
    const auto value = number(text);
    if (!value || *value > UINT64_MAX / unit)
        throw std::invalid_argument(std::string(option) + ": give N, Nk or NM, such as 64M");
    return *value * unit;
}

/// Reads `N/SECONDS`.
simulator::rate_window window(std::string_view text)
{
    const auto slash = std::min(text.find('/'), text.size());
    const auto requests = number(text.substr(0, slash)).value_or(0);
    const auto seconds = number(text.substr(std::min(slash + 1, text.size()))).value_or(0);
    if (requests == 0 || requests > UINT32_MAX || seconds == 0 || seconds > 1'000'000'000)
        throw std::invalid_argument("--account-limit: give REQUESTS/SECONDS, such as 100/60");
    return {static_cast<std::uint32_t>(requests), std::chrono::seconds(seconds)};
}

simulator::fault fault(const std::string& spec)
{
    try {
        return simulator::parse_fault(spec);
    } catch (const std::invalid_argument& e) {
        throw std::invalid_argument("--fault: " + std::string(e.what()));
    }
}

std::string complaint_about_address(const std::string& text)
{
    boost::system::error_code not_an_address;
    boost::asio::ip::make_address(text, not_an_address);
    return not_an_address ? "give an IP address, such as 127.0.0.1" : "";
}

simulator::end_style end_style(std::string_view name)
{
    if (name == "empty-page") return simulator::end_style::empty_page;
    if (name == "dead-cursor") return simulator::end_style::dead_cursor;
    if (name == "empty-cursor") return simulator::end_style::empty_cursor;
    if (name == "no-cursor") return simulator::end_style::no_cursor;
    return name == "mixed" ? simulator::end_style::mixed : simulator::end_style::null_cursor;
}

void check_files(const simulate_options& given)
{
    command_files files;
    files.reads("--api-key-file", given.key_file);
    files.writes("--ca-file", given.server.ca_file);
    files.writes("--write-jobs", given.jobs_file);
    files.writes("--write-truth", given.truth_file);
    files.writes("--write-requests", given.requests_file);
    files.check();
}

simulator::options server_options(const simulate_options& given)
{
    auto result = given.server;
    constexpr std::uint64_t most_posts = 1'000'000'000;
    constexpr std::uint64_t longest_latency = 3'600'000;
    std::tie(result.posts_min, result.posts_max) = range("--posts", given.posts, most_posts);
    const auto [fast, slow] = range("--latency", given.latency, longest_latency);
    result.latency_min = std::chrono::milliseconds(fast);
    result.latency_max = std::chrono::milliseconds(slow);
    result.bandwidth = bytes("--bandwidth", given.bandwidth);
    result.cache = bytes("--cache", given.cache);
    result.framing = given.framing == "length" ? simulator::framing::length : simulator::framing::chunked;
    result.end = end_style(given.end);
    result.cursors = given.cursors == "offset" ? simulator::cursor_style::offset : simulator::cursor_style::anchored;
    result.cursor_ttl = std::chrono::seconds(given.cursor_ttl);
    result.keep_alive = std::chrono::milliseconds(given.keep_alive);
    result.gzip = !given.no_gzip;
    result.log_requests = !given.requests_file.empty();
    if (given.wild) result.deviations |= simulator::wild;
    for (const auto& spec : given.faults) result.faults.push_back(fault(spec));
    for (const auto& limit : given.limits) result.limits.push_back(window(limit));
    if (!given.key_file.empty()) result.api_key = read_key_file(given.key_file);
    return result;
}

/// A folder for the CA's certificate that is removed when the program ends.
class scratch_folder {
public:
    scratch_folder()
    {
        auto name = (fs::temp_directory_path() / "unipile-simulate-XXXXXX").string();
        if (!::mkdtemp(name.data())) throw std::invalid_argument("can't make a folder for the CA; use --ca-file");
        path_ = name;
    }
    ~scratch_folder()
    {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    scratch_folder(const scratch_folder&) = delete;
    scratch_folder& operator=(const scratch_folder&) = delete;

    std::string file(const char* name) const { return (path_ / name).string(); }

private:
    fs::path path_;
};

template <class Write>
void write_file(const char* option, const std::string& name, Write write)
{
    std::ofstream file(name, std::ios::binary | std::ios::trunc);
    write(file);
    file.close();
    if (!file) throw std::invalid_argument(std::string(option) + ": " + name + " can't be written");
}

void write_jobs(std::ostream& out, const simulator::server& server)
{
    out << "account,identifier,is_company\n";
    for (const auto& each : server.identifiers())
        out << each.account << ',' << each.identifier << ',' << (each.is_company ? "true" : "false") << '\n';
}

void write_truth(std::ostream& out, const simulator::server& server)
{
    out << "account,identifier,provider,id\n";
    for (const auto& each : server.identifiers())
        for (const auto& id : server.posts(each.identifier))
            out << each.account << ',' << each.identifier << ',' << each.provider << ',' << id << '\n';
}

/// The time counts from the first request.
void write_requests(std::ostream& out, const simulator::server& server)
{
    out << "milliseconds,account,identifier,status\n";
    const auto log = server.request_log();
    for (const auto& each : log)
        out << std::chrono::duration_cast<std::chrono::milliseconds>(each.time - log.front().time).count() << ','
            << each.account << ',' << each.identifier << ',' << each.status << '\n';
}

void prepare(const simulate_options& given, simulator::server& server)
{
    if (given.new_posts > 0)
        for (const auto& each : server.identifiers()) server.add_posts(each.identifier, given.new_posts);
    if (!given.jobs_file.empty())
        write_file("--write-jobs", given.jobs_file, [&](auto& out) { write_jobs(out, server); });
    if (!given.truth_file.empty())
        write_file("--write-truth", given.truth_file, [&](auto& out) { write_truth(out, server); });
    if (!given.requests_file.empty()) write_file("--write-requests", given.requests_file, [](auto&) {});
}

/// Prints one line that scripts can split: `listening on URL`, then `ca FILE` with TLS, then `key KEY` unless the
/// caller has set it.
void announce(const simulator::server& server, const simulator::options& options, bool own_key)
{
    std::cout << "listening on " << server.base_url();
    if (options.tls) std::cout << " ca " << options.ca_file;
    if (!own_key) std::cout << " key " << options.api_key;
    std::cout << std::endl;
}

void listen(simulator::server& server, const simulator::options& options)
{
    try {
        server.start();
    } catch (const boost::system::system_error& e) {
        throw std::invalid_argument("--address: can't listen on " + options.address + " port " +
                                    std::to_string(options.port) + ": " + e.code().message());
    }
}

void serve(boost::asio::io_context& context, unsigned threads)
{
    std::vector<std::jthread> helpers;
    for (unsigned i = 1; i < threads; ++i) helpers.emplace_back([&context] { context.run(); });
    context.run();
}

int simulate(const simulate_options& given)
{
    try {
        check_files(given);
        auto options = server_options(given);
        std::optional<scratch_folder> folder;
        if (options.tls && options.ca_file.empty()) options.ca_file = folder.emplace().file("ca.pem");
        if (!options.ca_file.empty()) write_file("--ca-file", options.ca_file, [](auto&) {});
        boost::asio::io_context context(static_cast<int>(given.threads));
        simulator::server server(context.get_executor(), options);
        prepare(given, server);
        boost::asio::signal_set signals(context, SIGINT, SIGTERM);
        signals.async_wait([&server](const boost::system::error_code&, int) { server.stop(); });
        listen(server, options);
        announce(server, options, !given.key_file.empty());
        serve(context, given.threads);
        if (!given.requests_file.empty())
            write_file("--write-requests", given.requests_file, [&](auto& out) { write_requests(out, server); });
        return exit_code::all_complete;
    } catch (const std::exception& e) {
        std::cerr << "unipile: " << printable(e.what()) << '\n';
    }
    return exit_code::usage_error;
}

void add_content(CLI::App& app, simulate_options& o)
{
    const auto* group = "What is served";
    app.add_option("--accounts", o.server.accounts, "Linked accounts acc1, acc2 …")
        ->group(group)
        ->check(whole_number(1, 1'000'000))
        ->capture_default_str();
    app.add_option("--identifiers", o.server.identifiers, "Profiles, over all accounts")
        ->group(group)
        ->check(whole_number(1, 100'000'000))
        ->capture_default_str();
    app.add_option("--posts", o.posts, "Posts of each profile, N or N-M")->group(group)->capture_default_str();
    app.add_option("--seed", o.server.seed, "Same seed, same content")
        ->group(group)
        ->check(complaint_about_count)
        ->capture_default_str();
    app.add_option("--instagram-share", o.server.instagram_share,
                   "Share of the accounts that are Instagram ones, 0 to 1")
        ->group(group)
        ->check(complaint_about_share)
        ->capture_default_str();
    app.add_option("--company-share", o.server.company_share, "Share of the LinkedIn profiles that are companies")
        ->group(group)
        ->check(complaint_about_share)
        ->capture_default_str();
    app.add_option("--pinned-share", o.server.pinned_share,
                   "Share of the profiles with an older post pinned to the top")
        ->group(group)
        ->check(complaint_about_share)
        ->capture_default_str();
    app.add_option("--new-posts", o.new_posts, "Posts added to the top of every profile, beyond those of --posts")
        ->group(group)
        ->check(whole_number(0, 1'000'000'000));
    app.add_option("--end", o.end, "How listings end")
        ->group(group)
        ->check(CLI::IsMember({"null", "empty-page", "dead-cursor", "empty-cursor", "no-cursor", "mixed"}))
        ->capture_default_str();
    app.add_option("--cursors", o.cursors, "anchored: new posts shift nothing; offset: they shift what is below them")
        ->group(group)
        ->check(CLI::IsMember({"anchored", "offset"}))
        ->capture_default_str();
    app.add_option("--cursor-ttl", o.cursor_ttl,
                   "Seconds that a cursor lives at least (at most twice as long); then it is refused with 422; 0: for "
                   "ever")
        ->group(group)
        ->type_name("SECONDS")
        ->check(whole_number(0, 1'000'000))
        ->capture_default_str();
    app.add_option("--delete-every", o.server.delete_every,
                   "Delete the newest post of a listing after every Nth page of the server; 0: never")
        ->group(group)
        ->type_name("N")
        ->check(whole_number(0, UINT32_MAX))
        ->capture_default_str();
    app.add_flag("--wild", o.wild, "Deviate from the contract as real answers do")->group(group);
    app.add_option("--write-jobs", o.jobs_file, "Write account,identifier,is_company of every profile to this CSV file")
        ->group(group)
        ->type_name("FILE");
    app.add_option("--write-truth", o.truth_file, "Write account,identifier,provider,id of every post to this CSV file")
        ->group(group)
        ->type_name("FILE");
    app.add_option("--write-requests", o.requests_file,
                   "At the end, write milliseconds,account,identifier,status of every request to this CSV file")
        ->group(group)
        ->type_name("FILE");
}

void add_network(CLI::App& app, simulate_options& o)
{
    const auto* group = "How it is served";
    app.add_option("--address", o.server.address, "Address to listen on")
        ->group(group)
        ->check(complaint_about_address)
        ->capture_default_str();
    app.add_option("--port", o.server.port, "Port, 0 for any")
        ->group(group)
        ->check(whole_number(0, UINT16_MAX))
        ->capture_default_str();
    auto* tls = app.add_flag("--tls", o.server.tls, "HTTPS with a CA of its own")->group(group);
    app.add_option("--ca-file", o.server.ca_file, "Where to write the CA's certificate; a temporary file otherwise")
        ->group(group)
        ->needs(tls)
        ->type_name("FILE");
    app.add_option("--api-key-file", o.key_file, "File with the key to ask for, instead of \"simulated-key\"")
        ->group(group)
        ->type_name("FILE");
    app.add_option("--framing", o.framing, "How bodies are delimited")
        ->group(group)
        ->check(CLI::IsMember({"chunked", "length"}))
        ->capture_default_str();
    app.add_flag("--no-gzip", o.no_gzip, "Never compress")->group(group);
    app.add_option("--latency", o.latency, "Milliseconds before each answer, N or N-M")
        ->group(group)
        ->capture_default_str();
    app.add_option("--bandwidth", o.bandwidth, "Bytes a second and connection, N, Nk or NM; 0: no limit")
        ->group(group)
        ->capture_default_str();
    app.add_option("--keep-alive", o.keep_alive, "Milliseconds until an idle connection is closed; 0: never")
        ->group(group)
        ->check(whole_number(0, UINT32_MAX))
        ->capture_default_str();
    app.add_option("--requests-per-connection", o.server.requests_per_connection, "Close after so many; 0: never")
        ->group(group)
        ->check(whole_number(0, UINT32_MAX));
    app.add_option("--cache", o.cache, "Bytes of rendered pages to keep, N, Nk or NM")
        ->group(group)
        ->capture_default_str();
    app.add_option("--threads", o.threads, "Threads to serve on")->group(group)->check(whole_number(1, 256));
    app.add_option("--account-limit", o.limits, "REQUESTS/SECONDS that an account may make, then 429; repeatable")
        ->group(group)
        ->type_name("N/S")
        ->expected(1)
        ->take_all();
    app.add_option(
           "--fault", o.faults,
           "KIND[=WORD,…][:KEY=VALUE,…]; repeatable. Kinds: a status such as 429, reset, close, stall, truncate, "
           "hang-up, chunk, drip, loop, empty-pages, duplicates, dead-cursor, endless, short-page, odd-cursor, "
           "drift. Which pages: rate, every, page, request, account, identifier, after, burst. Such as "
           "429:every=50,burst=3,retry-after=2 or reset:at=1000,rate=0.1 or drift=types,fields")
        ->group(group)
        ->type_name("SPEC")
        ->expected(1)
        ->take_all();
}

}  // namespace

void add_simulate(CLI::App& app, runner& run)
{
    auto* command = app.add_subcommand("simulate", "Serve the API from generated accounts, for trials and tests");
    const auto options = std::make_shared<simulate_options>();
    add_content(*command, *options);
    add_network(*command, *options);
    command->callback([options, &run] { run = [options] { return simulate(*options); }; });
}

}  // namespace unipile::program
