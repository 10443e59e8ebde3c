// `unipile doctor`: whether a harvest could work, and what to do if not.
#include "program/command.hpp"
#include "program/doctor/finding.hpp"
#include "program/doctor/probe.hpp"
#include "program/doctor/store_check.hpp"
#include "program/harvest/arguments.hpp"
#include "program/options/advice.hpp"
#include "program/output/blocking_output.hpp"

#include <unipile/client_options.hpp>

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace unipile::program {
namespace {

struct doctor_options {
    harvest_arguments harvest;
    bool json = false;
};

/// Writes each finding as soon as it is there.
class report {
public:
    report(blocking_output& out, bool json) : out_(out), json_(json) {}

    void add(finding f)
    {
        out_.write((json_ ? finding_json(f) : finding_text(f)) + '\n');
        all_.push_back(std::move(f));
    }
    const std::vector<finding>& all() const noexcept { return all_; }
    bool has_bad() const noexcept { return exit_code_of(all_) != exit_code::all_complete; }

private:
    blocking_output& out_;
    bool json_;
    std::vector<finding> all_;
};

/// Returns what names a proxy; empty if nothing does. Its address is not shown: it may hold a password, and only the
/// library knows how it is read.
std::string proxy_source(const client_options& options)
{
    if (!options.proxy.empty()) return "--proxy";
    if (options.base_url.starts_with("http://")) return {};
    for (const char* name : {"https_proxy", "HTTPS_PROXY"})
        if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return name;
    return {};
}

void check_network(const client_options& options, report& to)
{
    if (const std::string named = proxy_source(options); !named.empty()) {
        to.add({"proxy", verdict::good, named + " is set: requests go through it, unless no_proxy has the server", {}});
        return;
    }
    const endpoint_name api = endpoint_of(unipile::tenant_of(options.base_url));
    const lookup_facts name = look_up(api);
    to.add(judge_lookup(name));
    if (!name.addresses.empty()) to.add(judge_connections(connect_to(name.addresses, api.port)));
}

void check_api(const client_options& options, report& to)
{
    const bool reached = !to.has_bad();
    const contact_facts facts = ask_api(options);
    if (options.base_url.starts_with("http://"))
        to.add({"tls", verdict::good, "not used: plain HTTP, to this machine only", {}});
    else
        to.add(judge_tls(facts.tls, facts.answer, wall_now()));
    if (auto clock = judge_clock(facts.answer)) to.add(*clock);
    if (was_answered(facts.answer) || reached) to.add(judge_key(facts.answer));
}

int run_doctor(const doctor_options& o)
{
    blocking_output out{{}};
    report all{out, o.json};
    all.add(check_pace(o.harvest));
    if (!o.harvest.store.empty())
        for (finding& f : check_store(o.harvest.store, given_base_url(o.harvest.connection))) all.add(std::move(f));
    try {
        const client_options options = make_client_options(o.harvest.connection);
        check_network(options, all);
        check_api(options, all);
    } catch (const std::invalid_argument& e) {
        all.add({"server", verdict::bad, complaint_about(e), {}, exit_code::usage_error});
    }
    out.finish();
    return exit_code_of(all.all());
}

}  // namespace

void add_doctor(CLI::App& app, runner& run)
{
    CLI::App* command =
        app.add_subcommand("doctor", "Check the way to the API, the key, a store and the pace, a line each");
    const auto o = std::make_shared<doctor_options>();
    command
        ->add_option("--store", o->harvest.store, "The store of a harvest: a file, or the URL of a PostgreSQL database")
        ->type_name("STORE");
    command->add_flag("--json", o->json, "One JSON object a line instead of text");
    add_pace_options(*command, o->harvest);
    add_connection_options(*command, o->harvest.connection, "As of the harvest; one is used");
    command->footer(
        "Sends one request, through an account that does not exist: it costs no account anything. What is known of\n"
        "accounts is the store's. The exit code is that of the first check that is bad; warnings count as good.\n"
        "Example: unipile doctor --store posts.db");
    command->callback([&run, o] { run = [o] { return run_doctor(*o); }; });
}

}  // namespace unipile::program
