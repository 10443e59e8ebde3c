// Destroyed, cancelled and closed at every moment.
#include "scripted.hpp"
#include "support/printing.hpp"

#include <unipile/observer.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/test/unit_test.hpp>

namespace asio = boost::asio;
using namespace unipile;
using namespace unipile::test;
using boost::system::error_code;

namespace {

/// All that can happen to a listing: pages in pieces, a broken one, an error, backoff.
script eventful()
{
    return [](std::size_t n, const asked& a) -> answer {
        if (n == 1) return {.status = 503};
        auto p = plain_listing(a, 12, 5);
        p.chunk = 100;
        if (n == 3) p.break_at = 250;
        return p;
    };
}

/// Pulls with callbacks to the end, or to an error.
struct puller {
    explicit puller(post_stream& s) : stream(s) {}

    void pull()
    {
        ++outstanding;
        stream.async_next([this](error_code e, std::optional<post> p) {
            --outstanding;
            error = e;
            if (p) ids.emplace_back(p->id());
            if (p && !stopped) pull();
        });
    }

    post_stream& stream;
    std::vector<std::string> ids;
    error_code error;
    int outstanding = 0;
    bool stopped = false;
};

/// Calls `what` after every number of handlers; `what` gets that number.
template <typename F>
void at_every_step(F what)
{
    for (std::size_t k = 0;; ++k)
        if (!what(k)) {
            BOOST_TEST(k > 20u);
            return;
        }
}

/// False if there was nothing left before `k` handlers had run.
bool run_steps(asio::io_context& context, std::size_t k)
{
    for (std::size_t i = 0; i != k; ++i)
        if (!context.run_one()) return false;
    return true;
}

client_options options()
{
    auto o = impatient();
    o.read_ahead = 150;
    return o;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(lifetime)

BOOST_AUTO_TEST_CASE(destroyed_at_every_step)
{
    at_every_step([](std::size_t k) {
        asio::io_context context;
        scripted_client client(context.get_executor(), eventful(), options());
        std::optional<post_stream> stream(client.posts());
        puller p(*stream);
        p.pull();
        const bool more = run_steps(context, k);
        p.stopped = true;
        const bool waiting = p.outstanding != 0;
        stream.reset();
        context.run();
        BOOST_TEST(p.outstanding == 0);
        if (waiting) BOOST_TEST(p.error == asio::error::operation_aborted);
        BOOST_TEST(p.ids == numbers(0, p.ids.size()), boost::test_tools::per_element());
        BOOST_TEST(client.transport->alive == 0u);
        return more;
    });
}

BOOST_AUTO_TEST_CASE(cancelled_at_every_step)
{
    at_every_step([](std::size_t k) {
        asio::io_context context;
        scripted_client client(context.get_executor(), eventful(), options());
        auto stream = client.posts();
        puller p(stream);
        p.pull();
        const bool more = run_steps(context, k);
        p.stopped = true;
        const bool ended = stream.end_reason() != end_reason::none;
        const auto place = stream.position();
        stream.cancel();
        stream.cancel();
        BOOST_TEST(stream.position() == place);
        context.run();
        BOOST_TEST(p.outstanding == 0);
        BOOST_TEST(client.transport->alive == 0u);
        if (ended) return more;
        BOOST_TEST(stream.end_reason() == end_reason::cancelled);
        BOOST_TEST(stream.last_failure()->code() == asio::error::operation_aborted);

        // The position goes on where that was.
        auto rest = client.posts(stream.query(), position::parse(place.text()));
        outcome out;
        asio::co_spawn(context, drain(rest, out), asio::detached);
        context.restart();
        context.run();
        auto all = p.ids;
        all.insert(all.end(), out.ids.begin(), out.ids.end());
        BOOST_TEST(all == numbers(0, 12), boost::test_tools::per_element());
        return more;
    });
}

BOOST_AUTO_TEST_CASE(a_pull_cancelled_at_every_step)
{
    // Too late where its end was on its way already.
    int in_time = 0;
    at_every_step([&](std::size_t k) {
        asio::io_context context;
        scripted_client client(context.get_executor(), eventful(), options());
        auto stream = client.posts();
        std::vector<std::string> ids;
        asio::cancellation_signal signal;
        int aborted = 0;
        bool over = false;
        std::function<void()> pull = [&] {
            stream.async_next(asio::bind_cancellation_slot(signal.slot(), [&](error_code e, std::optional<post> p) {
                if (e) {
                    BOOST_TEST(e == asio::error::operation_aborted);
                    ++aborted;
                } else if (p) {
                    ids.emplace_back(p->id());
                } else {
                    over = true;
                    return;
                }
                pull();
            }));
        };
        pull();
        const bool more = run_steps(context, k);
        signal.emit(asio::cancellation_type::total);
        context.run();
        BOOST_TEST(over);
        BOOST_TEST(aborted <= (more ? 1 : 0));
        in_time += aborted;
        BOOST_TEST(ids == numbers(0, 12), boost::test_tools::per_element());
        BOOST_TEST(client.transport->requests.size() == 5u);
        return more;
    });
    BOOST_TEST(in_time > 10);
}

BOOST_AUTO_TEST_CASE(closed_at_every_step)
{
    at_every_step([](std::size_t k) {
        asio::io_context context;
        scripted_client client(context.get_executor(), eventful(), options());
        auto stream = client.posts();
        auto idle = client.posts();
        puller p(stream);
        p.pull();
        const bool more = run_steps(context, k);
        const bool ended = stream.end_reason() != end_reason::none;
        p.stopped = true;
        client.close();
        client.close();
        context.run();
        BOOST_TEST(p.outstanding == 0);
        BOOST_TEST(client.transport->alive == 0u);
        BOOST_TEST(client.transport->closed);
        if (!ended) {
            BOOST_TEST(p.error == make_error_code(errc::client_closed));
            BOOST_TEST(stream.end_reason() == end_reason::cancelled);
            outcome out;
            asio::co_spawn(context, drain(idle, out), asio::detached);
            context.restart();
            context.run();
            BOOST_TEST(out.failed->code() == make_error_code(errc::client_closed));
        }
        return more;
    });
}

BOOST_AUTO_TEST_CASE(the_context_destroyed_at_every_step)
{
    // Whoever owns whom: the loop's end frees all of it. The sanitizer looks for what it doesn't.
    at_every_step([](std::size_t k) {
        auto context = std::make_unique<asio::io_context>();
        const auto consumer = [](asio::any_io_executor executor) -> asio::awaitable<void> {
            scripted_client client(executor, eventful(), options());
            auto stream = client.posts();
            auto second = client.posts();
            second.async_next_batch([](error_code, std::span<const post>) {});
            outcome out;
            co_await drain(stream, out);
        };
        asio::co_spawn(*context, consumer(context->get_executor()), asio::detached);
        const bool more = run_steps(*context, k);
        context.reset();
        return more;
    });
}

BOOST_AUTO_TEST_CASE(streams_and_client_outlive_each_other)
{
    for (const bool client_first : {true, false}) {
        asio::io_context context;
        auto client = std::make_unique<scripted_client>(context.get_executor(), eventful(), options());
        auto stream = std::make_unique<post_stream>(client->posts());
        outcome out;
        if (client_first) {
            client.reset();
            asio::co_spawn(context, drain(*stream, out), asio::detached);
            context.run();
            BOOST_TEST(out.ids.size() == 12u);
            stream.reset();
        } else {
            stream->async_next([](error_code, std::optional<post>) {});
            stream.reset();
            client.reset();
            context.run();
        }
    }
}

BOOST_AUTO_TEST_CASE(replaced_by_assignment)
{
    asio::io_context context;
    scripted_client client(context.get_executor(), eventful(), options());
    auto stream = client.posts();
    std::optional<error_code> got;
    stream.async_next([&](error_code e, std::optional<post>) { got = e; });
    stream = client.posts();
    outcome out;
    asio::co_spawn(context, drain(stream, out), asio::detached);
    context.run();
    BOOST_TEST(*got == asio::error::operation_aborted);
    BOOST_TEST(out.ids.size() == 12u);
}

BOOST_AUTO_TEST_CASE(the_handler_throws)
{
    // Out of the loop, as with any handler, and the stream remains as it was.
    asio::io_context context;
    scripted_client client(context.get_executor(), eventful(), options());
    auto stream = client.posts();
    stream.async_next([](error_code, std::optional<post>) { throw 42; });
    BOOST_CHECK_THROW(context.run(), int);
    outcome out;
    asio::co_spawn(context, drain(stream, out), asio::detached);
    context.restart();
    context.run();
    BOOST_TEST(out.ids == numbers(1, 12), boost::test_tools::per_element());
}

/// Handlers run inside of the request that has filled their pull: whatever they do there, nothing is lost or breaks.
void end_it_at_every_post(bool on_a_strand)
{
    enum class deed { destroy, cancel, close, throw_something, stop_the_context };
    for (const deed what : {deed::destroy, deed::cancel, deed::close, deed::throw_something, deed::stop_the_context})
        for (std::size_t k = 0; k != 12; ++k) {
            asio::io_context context;
            asio::any_io_executor executor = context.get_executor();
            if (on_a_strand) executor = asio::make_strand(context);
            scripted_client client(executor, eventful(), options());
            std::optional<post_stream> stream(client.posts());
            std::vector<std::string> ids;
            error_code last;
            std::function<void()> pull = [&] {
                stream->async_next([&](error_code e, std::optional<post> p) {
                    last = e;
                    if (!p) return;
                    ids.emplace_back(p->id());
                    const bool now = ids.size() == k + 1;
                    if (now && what == deed::destroy) return stream.reset();
                    if (now && what == deed::cancel) stream->cancel();
                    if (now && what == deed::close) client.close();
                    if (now && what == deed::stop_the_context) context.stop();
                    pull();
                    if (now && what == deed::throw_something) throw 42;
                });
            };
            pull();
            int thrown = 0, stopped = 0;
            for (bool more = true; more;) try {
                    context.run();
                    // A context that has run out of work is stopped too.
                    more = what == deed::stop_the_context && stopped++ == 0;
                    if (more) context.restart();
                } catch (int) {
                    ++thrown;
                }
            const bool goes_on = what == deed::throw_something || what == deed::stop_the_context;
            BOOST_TEST(thrown == (what == deed::throw_something ? 1 : 0));
            BOOST_TEST(ids == numbers(0, goes_on ? 12 : k + 1), boost::test_tools::per_element());
            BOOST_TEST(client.transport->alive == 0u);
            if (what == deed::cancel) BOOST_TEST(last == asio::error::operation_aborted);
            if (what == deed::close) BOOST_TEST(last == make_error_code(errc::client_closed));
        }
}

BOOST_AUTO_TEST_CASE(the_handler_ends_it_at_every_post) { end_it_at_every_post(false); }

// What is thrown there gets back to the caller, and not to the context.
BOOST_AUTO_TEST_CASE(the_handler_ends_it_at_every_post_on_a_strand) { end_it_at_every_post(true); }

BOOST_AUTO_TEST_CASE(the_end_is_told_once)
{
    struct watch final : observer {
        void on_end(const end_event& e) override { reasons.push_back(e.reason); }
        std::vector<end_reason> reasons;
    };
    at_every_step([](std::size_t k) {
        const auto seen = std::make_shared<watch>();
        asio::io_context context;
        auto o = options();
        o.observer = seen;
        scripted_client client(context.get_executor(), eventful(), o);
        std::optional<post_stream> stream(client.posts());
        std::optional<post_stream> never_pulled(client.posts());
        puller p(*stream);
        p.pull();
        const bool more = run_steps(context, k);
        p.stopped = true;
        const auto reason = stream->end_reason();
        stream.reset();
        never_pulled.reset();
        context.run();
        // What was destroyed before its first pull began has nothing to tell.
        BOOST_REQUIRE(seen->reasons.size() == (k ? 1u : 0u));
        if (k) BOOST_TEST(seen->reasons.front() == (reason == end_reason::none ? end_reason::cancelled : reason));
        return more;
    });
}

BOOST_AUTO_TEST_SUITE_END()
