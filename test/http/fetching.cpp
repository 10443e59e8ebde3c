#include "fetching.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/test/unit_test.hpp>

namespace unipile::test {
namespace {

void note_failure(outcome& to, const boost::system::system_error& error)
{
    to.text = error.what();
    if (error.code() == boost::asio::error::operation_aborted) {
        to.cancelled = true;
    } else {
        BOOST_REQUIRE_MESSAGE(error.code().category() == unipile_category(), "a foreign error: " << error.what());
        to.error = static_cast<errc>(error.code().value());
    }
    if (const auto* f = dynamic_cast<const failure*>(&error)) {
        to.cause = f->cause();
        to.fields = f->fields();
        BOOST_TEST(f->all().note.find(test_key) == std::string::npos);
    }
    BOOST_TEST(to.text.find(test_key) == std::string::npos);
    BOOST_TEST(to.cause.message().find(test_key) == std::string::npos);
}

}  // namespace

client_options options_for(const std::string& url)
{
    client_options o;
    o.base_url = url;
    o.api_key = test_key;
    o.proxy_from_environment = false;
    constexpr std::chrono::hours long_enough(1);
    o.deadlines = {long_enough, long_enough, long_enough, long_enough, long_enough, long_enough, long_enough};
    o.idle_timeout = long_enough;
    return o;
}

client_options options_for(const std::string& url, const certificate_authority& authority)
{
    client_options o = options_for(url);
    o.ca_file = authority.file();
    return o;
}

boost::asio::awaitable<void> fetch(std::shared_ptr<http::transport> from, std::string target, outcome& to)
{
    const auto one = from->open({});
    try {
        to.head = co_await one->get(target);
        for (;;) {
            const std::string_view piece = co_await one->read_some();
            if (piece.empty()) break;
            to.body += piece;
            ++to.pieces;
        }
    } catch (const boost::system::system_error& error) {
        note_failure(to, error);
    }
    to.wire_bytes = one->wire_bytes();
    to.sent = one->times_sent();
    to.heard = one->heard();
    BOOST_TEST((to.sent || to.head.status == 0));
    to.finished = true;
}

fetching::fetching(const client_options& options)
    : loop_(std::make_unique<boost::asio::io_context>(1)),
      transport_(http::transport::create(loop_->get_executor(), options))
{}

fetching::~fetching()
{
    transport_.reset();
    loop_.reset();
}

outcome& fetching::start(std::string target)
{
    outcome& made = outcomes_.emplace_back();
    boost::asio::co_spawn(*loop_, fetch(transport_, std::move(target), made), boost::asio::detached);
    return made;
}

void fetching::run()
{
    // Not a measure of time: whatever takes this long has hung.
    const auto hung = std::chrono::steady_clock::now() + std::chrono::minutes(10);
    loop_->restart();
    for (outcome& o : outcomes_)
        while (!o.finished) BOOST_REQUIRE_MESSAGE(loop_->run_one_until(hung) != 0, "the exchange hangs");
}

outcome fetching::get(std::string target)
{
    const outcome& made = start(std::move(target));
    run();
    return made;
}

std::string describe(const outcome& o)
{
    if (!o.finished) return "not finished";
    if (o.cancelled) return "cancelled";
    if (o.error) return "failed: " + o.text;
    return "status " + std::to_string(o.head.status) + ", " + std::to_string(o.body.size()) + " bytes";
}

}  // namespace unipile::test
