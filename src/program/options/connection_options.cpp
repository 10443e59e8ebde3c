#include "program/options/connection_options.hpp"

#include "program/options/option_checks.hpp"
#include "program/options/times.hpp"
#include "program/terminal/safe_text.hpp"

#include <CLI/CLI.hpp>

#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <ios>
#include <iostream>
#include <stdexcept>

#include <sys/stat.h>

namespace unipile::program {
namespace {

std::string from_environment(const char* name)
{
    const char* value = std::getenv(name);
    return value == nullptr ? std::string{} : std::string{value};
}

/// The key is never an argument, since every user of a machine can read those.
std::string read_key(const std::string& file, const warning& warn)
{
    if (!file.empty()) return read_key_file(file, warn);
    std::string key = from_environment("UNIPILE_API_KEY");
    if (key.empty())
        throw std::invalid_argument{"there is no API key; set UNIPILE_API_KEY, or name a file with --api-key-file"};
    return key;
}

void warn_if_readable(const char* option, const std::string& file, const warning& warn)
{
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode) || (status.st_mode & S_IROTH) == 0) return;
    warn("unipile: " + std::string{option} + ": " + printable(file) +
         ": every user of this machine can read it; chmod 600 it");
}

std::string read_proxy(const std::string& url)
{
    if (url.find('@') != url.npos)
        throw std::invalid_argument{
            "--proxy: a password on the command line can be read by every user of this machine; set https_proxy "
            "instead"};
    return url;
}

std::string read_base_url(const connection_options& o)
{
    std::string url = given_base_url(o);
    if (url.empty())
        throw std::invalid_argument{
            "there is no base URL; set UNIPILE_DSN or --base-url to the DSN of your dashboard, such as "
            "api8.unipile.com:13851"};
    return url;
}

}  // namespace

void add_connection_options(CLI::App& command, connection_options& o, const char* connections_help)
{
    const char* server = "Server";
    command.add_option("--base-url", o.base_url, "The DSN of your dashboard [environment: UNIPILE_DSN]")
        ->type_name("URL")
        ->group(server);
    command
        .add_option("--api-key-file", o.api_key_file,
                    "A file with the API key [environment: UNIPILE_API_KEY, the key itself]")
        ->type_name("FILE")
        ->group(server);
    command.add_option("--ca-file", o.ca_file, "Trust the certificates in this PEM file instead of the system's")
        ->type_name("FILE")
        ->group(server);
    command
        .add_option("--crl-file", o.crl_file,
                    "Refuse certificates that the revocation lists in this PEM file name; it needs a list by every "
                    "issuer. Without it revocation is not checked, OCSP never is")
        ->type_name("FILE")
        ->group(server);
    auto* const certificate =
        command
            .add_option("--client-certificate", o.certificate_file,
                        "Show the certificate in this PEM file, and the chain behind it, to a server that asks for one")
            ->type_name("FILE")
            ->group(server);
    command
        .add_option("--client-key", o.certificate_key_file,
                    "The key of --client-certificate, without a passphrase, where it is in another PEM file")
        ->type_name("FILE")
        ->needs(certificate)
        ->group(server);
    command
        .add_option("--proxy", o.proxy,
                    "Tunnel through this HTTP proxy, such as http://proxy.example:3128; with user and password only by "
                    "the environment's https_proxy. Without it https_proxy and no_proxy are respected")
        ->type_name("URL")
        ->group(server);
    command.add_option("--connections", o.connections, connections_help)
        ->type_name("N")
        ->check(whole_number(1, 1024))
        ->capture_default_str()
        ->group(server);
}

void print_warning(std::string_view line) { std::cerr << line << '\n'; }

std::string read_key_file(const std::string& file, const warning& warn)
{
    constexpr std::size_t most = std::size_t{64} * 1024;
    const auto refuse = [&file](const char* why) {
        throw std::invalid_argument{"--api-key-file: " + printable(file) + ' ' + why};
    };
    warn_if_readable("--api-key-file", file, warn);
    std::ifstream in{file, std::ios::binary};
    std::string key(most, '\0');
    in.read(key.data(), static_cast<std::streamsize>(key.size()));
    // A folder can be opened, and fails to be read.
    if (!in.is_open() || in.bad()) refuse("can't be read");
    if (!in.eof()) refuse("is too long for a key");
    key.resize(static_cast<std::size_t>(in.gcount()));
    key.erase(key.find_last_not_of(" \t\r\n") + 1);
    if (key.empty()) refuse("is empty");
    return key;
}

void add_files(command_files& files, const connection_options& options)
{
    files.reads("--api-key-file", options.api_key_file);
    if (options.ca_file.empty())
        files.reads("SSL_CERT_FILE", from_environment("SSL_CERT_FILE"));  // the system's certificates, for OpenSSL
    else
        files.reads("--ca-file", options.ca_file);
    files.reads("--crl-file", options.crl_file);
    files.reads("--client-certificate", options.certificate_file);
    files.reads("--client-key", options.certificate_key_file);
}

client_options make_client_options(const connection_options& options, const warning& warn)
{
    client_options made;
    made.base_url = read_base_url(options);
    made.api_key = read_key(options.api_key_file, warn);
    made.ca_file = options.ca_file;
    made.crl_file = options.crl_file;
    if (!options.certificate_key_file.empty()) warn_if_readable("--client-key", options.certificate_key_file, warn);
    made.certificate_file = options.certificate_file;
    made.certificate_key_file = options.certificate_key_file;
    made.proxy = read_proxy(options.proxy);
    made.max_connections = options.connections;
    made.strict = options.strict;
    made.user_agent = "unipile/" UNIPILE_VERSION;
    made.retry.total = std::chrono::milliseconds{static_cast<std::int64_t>(std::ceil(options.timeout * 1000))};
    return made;
}

std::string given_base_url(const connection_options& o)
{
    return o.base_url.empty() ? from_environment("UNIPILE_DSN") : o.base_url;
}

std::string tenant_of(const std::string& base_url)
{
    try {
        return unipile::tenant_of(base_url);
    } catch (const std::invalid_argument&) {
        return {};  // the client reports what is wrong with it
    }
}

std::optional<wall_time> read_time(const char* option, const std::string& text)
{
    if (text.empty()) return std::nullopt;
    const auto time = parse_past(text, wall_now());
    if (!time)
        throw std::invalid_argument{std::string{option} +
                                    ": give a date such as 2024-05-31, a time such as 2024-05-31T12:00:00Z, yesterday, "
                                    "or how long ago, such as 2d"};
    return time;
}

}  // namespace unipile::program
