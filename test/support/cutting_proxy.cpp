#include "support/cutting_proxy.hpp"

#include "support/postgres_messages.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <future>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>

#include <stdlib.h>

namespace unipile::test {
namespace {

namespace asio = boost::asio;
using protocol = asio::local::stream_protocol;
using boost::system::error_code;

}  // namespace

struct cutting_proxy::core : std::enable_shared_from_this<cutting_proxy::core> {
    struct link : std::enable_shared_from_this<link> {
        struct direction {
            direction(asio::io_context& context, bool to_server) : messages(to_server), timer(context) {}

            std::array<char, 65536> buffer;
            message_stream messages;
            std::string out;
            std::size_t passed = 0;
            std::size_t cut = proxy_plan::never;
            std::size_t blackhole = proxy_plan::never;
            asio::steady_timer timer;
        };

        link(core& c, protocol::socket accepted)
            : owner(c), client(std::move(accepted)), server(c.context), up(c.context, true), down(c.context, false)
        {}

        void apply(const proxy_plan& p)
        {
            plan = p;
            up.passed = down.passed = 0;
            up.cut = p.cut_to_server;
            down.cut = p.cut_to_client;
            up.blackhole = p.blackhole_to_server;
            down.blackhole = p.blackhole_to_client;
            answers = statements = commits = 0;
            dropped_answer = p.drop_answer;
            leaving = false;
        }

        void close()
        {
            error_code ignored;
            client.close(ignored);
            server.close(ignored);
            up.timer.cancel();
            down.timer.cancel();
        }

        void fail()
        {
            owner.note_fault();
            close();
        }

        void read(bool to_server)
        {
            auto& from = to_server ? client : server;
            auto& d = to_server ? up : down;
            if (d.passed >= d.cut) return fail();
            from.async_read_some(asio::buffer(d.buffer),
                                 [self = shared_from_this(), to_server](error_code failed, std::size_t n) {
                                     if (failed) return self->close();
                                     self->hold(to_server, n);
                                 });
        }

        void hold(bool to_server, std::size_t n)
        {
            if (plan.delay.count() == 0) return pass(to_server, n);
            auto& timer = (to_server ? up : down).timer;
            timer.expires_after(plan.delay);
            timer.async_wait([self = shared_from_this(), to_server, n](error_code failed) {
                if (!failed) self->pass(to_server, n);
            });
        }

        // Whole messages only, but a cut may divide one.
        void pass(bool to_server, std::size_t n)
        {
            auto& d = to_server ? up : down;
            d.out.clear();
            d.messages.add({d.buffer.data(), n});
            for (std::string m = d.messages.next(); !m.empty(); m = d.messages.next())
                if (!(to_server ? take_order(std::move(m)) : take_answer(std::move(m)))) return fail();
            if (d.passed >= d.blackhole) return read(to_server);
            const std::size_t most = std::min(d.cut, d.blackhole) - d.passed;
            if (d.out.size() > most) d.out.resize(most);
            d.passed += d.out.size();
            const bool end = d.passed >= d.cut || (to_server && leaving);
            asio::async_write(to_server ? server : client, asio::buffer(d.out),
                              [self = shared_from_this(), to_server, end](error_code failed, std::size_t) {
                                  if (failed) return self->close();
                                  if (end) return self->fail();
                                  self->read(to_server);
                              });
        }

        // Returns false to close the connection instead.
        bool take_answer(std::string message)
        {
            if (message.front() == 'Z' && answers++ == dropped_answer) return false;
            down.out += message;
            return true;
        }

        bool take_order(std::string message)
        {
            if (message.front() == 'S' && leaving_at_sync) leaving = true;
            up.out += pass_on(std::move(message), [this](std::string& sql) { take_statement(sql); });
            return true;
        }

        void take_statement(std::string& sql)
        {
            if (statements++ == plan.fail_statement) {
                sql = failing_statement(plan.fail_with);
                owner.note_fault();
            } else if (sql == "COMMIT") {
                const std::size_t number = commits++;
                if (number == plan.drop_commit) dropped_answer = answers;
                if (number != plan.leave_commit) return;
                if (plan.before_leaving) plan.before_leaving();
                leaving_at_sync = true;
            }
        }

        core& owner;
        protocol::socket client;
        protocol::socket server;
        direction up;
        direction down;
        proxy_plan plan;
        std::size_t answers = 0;
        std::size_t statements = 0;
        std::size_t commits = 0;
        std::size_t dropped_answer = proxy_plan::never;
        bool leaving_at_sync = false;
        bool leaving = false;
    };

    void note_fault()
    {
        fault = true;
        if (!plan.once) return;
        plan = {};
        for (const auto& weak : links)
            if (const auto l = weak.lock()) l->plan.fail_statement = proxy_plan::never;
    }

    core(const std::filesystem::path& server, const std::filesystem::path& own)
        : target(server.string()), acceptor(context, protocol::endpoint(own.string()))
    {}

    void accept()
    {
        acceptor.async_accept([self = shared_from_this()](error_code failed, protocol::socket accepted) {
            if (failed) return;
            ++self->connections;
            const auto made = std::make_shared<link>(*self, std::move(accepted));
            made->apply(self->plan);
            self->newest = made;
            self->links.insert(made);
            std::erase_if(self->links, [](const auto& l) { return l.expired(); });
            error_code refused;
            made->server.connect(self->target, refused);
            if (refused) {
                made->close();
            } else {
                made->read(true);
                made->read(false);
            }
            self->accept();
        });
    }

    void close_links()
    {
        for (const auto& weak : links)
            if (const auto l = weak.lock()) l->close();
    }

    /// Runs a function on the proxy's thread and waits for it.
    template <class F>
    auto perform(F f)
    {
        std::packaged_task<decltype(f())()> task(std::move(f));
        auto result = task.get_future();
        asio::post(context, [&task] { task(); });
        return result.get();
    }

    asio::io_context context{1};
    protocol::endpoint target;
    protocol::acceptor acceptor;
    proxy_plan plan;
    std::size_t connections = 0;
    bool fault = false;
    std::shared_ptr<link> newest;
    std::set<std::weak_ptr<link>, std::owner_less<>> links;
};

cutting_proxy::cutting_proxy(const std::filesystem::path& server)
{
    std::string name = "/tmp/unipile-proxy-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = name;
    core_ = std::make_shared<core>(server, folder_ / ".s.PGSQL.5432");
    core_->accept();
    thread_ = std::thread([c = core_] { c->context.run(); });
}

cutting_proxy::~cutting_proxy()
{
    core_->perform([this] {
        error_code ignored;
        core_->acceptor.close(ignored);
        core_->close_links();
    });
    thread_.join();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

void cutting_proxy::set(const proxy_plan& plan)
{
    core_->perform([&] {
        core_->plan = plan;
        core_->fault = false;
    });
}

void cutting_proxy::set_now(const proxy_plan& plan)
{
    core_->perform([&] {
        core_->plan = plan;
        core_->fault = false;
        for (const auto& weak : core_->links)
            if (const auto l = weak.lock()) l->apply(plan);
    });
}

void cutting_proxy::cut_now()
{
    core_->perform([this] { core_->close_links(); });
}

proxy_counts cutting_proxy::counts()
{
    return core_->perform([this] {
        proxy_counts result;
        result.connections = core_->connections;
        result.fault = core_->fault;
        if (const auto& l = core_->newest) {
            result.to_server = l->up.passed;
            result.to_client = l->down.passed;
            result.answers = l->answers;
            result.statements = l->statements;
            result.commits = l->commits;
        }
        return result;
    });
}

std::string cutting_proxy::conninfo(const std::string& database) const
{
    return "host=" + folder_.string() + " user=postgres dbname=" + database;
}

std::string cutting_proxy::url(const std::string& database) const
{
    return "postgresql:///" + database + "?host=" + folder_.string() + "&user=postgres";
}

}  // namespace unipile::test
