// `unipile doctor` against the simulator.
#include "program/field_work.hpp"

#include <boost/json/parse.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <map>

namespace {

using strings = std::vector<std::string>;

/// The verdict of each check.
std::map<std::string, std::string> verdicts(const finished& f)
{
    std::map<std::string, std::string> all;
    for (const std::string& line : lines_of(f.out)) {
        const boost::json::value one = boost::json::parse(line);
        all[std::string{one.at("check").as_string()}] = std::string{one.at("verdict").as_string()};
    }
    return all;
}

using map = std::map<std::string, std::string>;

BOOST_AUTO_TEST_SUITE(doctor_command)

BOOST_AUTO_TEST_CASE(all_is_well_over_tls)
{
    unipile::simulator::options o = two_accounts();
    o.tls = true;
    field_work w{o};
    const std::string ca = w.folder.file("ca.pem");
    write_file(ca, w.world.server.ca_pem());
    const strings command{"doctor", "--json", "--ca-file", ca, "--store", w.store};
    const finished fresh = w.world.run(command);
    BOOST_TEST(fresh.code == 0, fresh.out);
    BOOST_TEST(verdicts(fresh) == (map{{"clock", "ok"},
                                       {"connection", "ok"},
                                       {"key", "ok"},
                                       {"name", "ok"},
                                       {"pace", "ok"},
                                       {"space", "ok"},
                                       {"store", "ok"},
                                       {"tls", "ok"}}),
               fresh.out);
    BOOST_TEST(!std::filesystem::exists(w.store));
    BOOST_TEST(w.harvest({"--ca-file", ca}).code == 0);
    w.world.server.reset_counts();
    const finished used = w.world.run({"doctor", "--ca-file", ca, "--store", w.store});
    BOOST_TEST(used.code == 0);
    BOOST_TEST(has(used.out, "ok       accounts    2 accounts, 0 parked\n"), used.out);
    BOOST_TEST(has(used.out, "certificate of "), used.out);
    // It costs no account anything.
    BOOST_TEST(w.world.server.requests("acc1") + w.world.server.requests("acc2") == 0u);
    BOOST_TEST(w.world.server.stats().requests == 1u);
    // Without the CA the certificate is shown, and refused.
    const finished refused = w.world.run({"doctor"});
    BOOST_TEST(refused.code == 2);
    BOOST_TEST(has(refused.out, "bad      tls         TLSv1.3, certificate of "), refused.out);
}

BOOST_AUTO_TEST_CASE(what_is_wrong_has_its_exit_code)
{
    field_work w{two_accounts()};
    const auto doctor = [&](map environment, const strings& options = {}) {
        strings all{"doctor", "--json"};
        all.insert(all.end(), options.begin(), options.end());
        for (const auto& [name, value] : w.world.environment()) environment.emplace(name, value);
        return process{UNIPILE_PROGRAM, all, environment}.wait();
    };
    const finished key = doctor({{"UNIPILE_API_KEY", "other"}});
    BOOST_TEST(key.code == 3);
    BOOST_TEST(verdicts(key)["key"] == "bad", key.out);
    BOOST_TEST(!has(key.out, "other"));
    const finished nobody = doctor({{"UNIPILE_DSN", "http://127.0.0.1:1"}});
    BOOST_TEST(nobody.code == 4);
    BOOST_TEST(verdicts(nobody)["connection"] == "bad", nobody.out);
    const finished unknown = doctor({{"UNIPILE_DSN", "https://no.such.host.invalid"}});
    BOOST_TEST(unknown.code == 4);
    BOOST_TEST(verdicts(unknown)["name"] == "bad", unknown.out);
    const finished proxy =
        doctor({{"https_proxy", "http://me:secret@127.0.0.1:1"}, {"UNIPILE_DSN", "https://api.invalid"}});
    BOOST_TEST(proxy.code == 4);
    BOOST_TEST(has(proxy.out, "https_proxy is set: "), proxy.out);
    BOOST_TEST(!has(proxy.out, "secret"));
    // What can't be read as an address is not shown either.
    const finished odd =
        doctor({{"https_proxy", "http://me:se/cret@127.0.0.1:1"}, {"UNIPILE_DSN", "https://api.invalid"}});
    BOOST_TEST(odd.code == 2);
    BOOST_TEST(!has(odd.out + odd.err, "me:se"), odd.out);
    // A store that can't be used hides nothing of the key.
    const finished both = doctor({{"UNIPILE_API_KEY", "other"}}, {"--store", "/no/such/folder/x"});
    BOOST_TEST(verdicts(both)["key"] == "bad", both.out);
    BOOST_TEST(verdicts(both)["store"] == "bad", both.out);
    const finished none = process{UNIPILE_PROGRAM, {"doctor"}, {}}.wait();
    BOOST_TEST(none.code == 2);
    BOOST_TEST(has(none.out, "bad      server      there is no base URL"), none.out);
    BOOST_TEST(doctor({}, {"--pace", "0/day"}).code == 2);
    BOOST_TEST(doctor({}, {"--pace", "1/day, hours 09:00-18:00 Nowhere/Land"}).code == 2);
    BOOST_TEST(doctor({}, {"--store", "/no/such/folder/x"}).code == 2);
    write_file(w.folder.file("text"), std::string(5'000, 'x'));
    BOOST_TEST(verdicts(doctor({}, {"--store", w.folder.file("text")}))["store"] == "bad");

    w.world.server.set_account_error("acc2", unipile::simulator::error_answer{401, "errors/disconnected_account", {}});
    BOOST_TEST(w.harvest().code == 8);
    const finished parked = doctor({}, {"--store", w.store});
    BOOST_TEST(parked.code == 0);
    BOOST_TEST(verdicts(parked)["accounts"] == "warning", parked.out);
    const finished other = doctor({{"UNIPILE_DSN", "https://no.such.host.invalid"}}, {"--store", w.store});
    BOOST_TEST(other.code == 2);
    BOOST_TEST(has(other.out, "it belongs to "), other.out);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
