#include "bounded_policy.hpp"
#include "client_core.hpp"
#include "serial_executor.hpp"
#include "stream_core.hpp"

#include <unipile/client.hpp>

#include <utility>

namespace unipile {

namespace {

std::shared_ptr<paging::client_core> make_core(const client::executor_type& executor, client_options options)
{
    paging::require_serial(executor);
    options.retry = paging::bounded(std::move(options.retry));
    auto transport = http::transport::create(executor, options);
    return std::make_shared<paging::client_core>(std::move(options), std::move(transport));
}

[[noreturn]] void refuse(errc code, std::string note = {})
{
    failure::details d;
    d.scope = failure_scope::target;
    d.may_pass = false;
    d.note = std::move(note);
    throw failure(code, std::move(d));
}

/// What the transport can't know; it looks at the texts itself.
void check(const posts_query& query)
{
    if (query.limit < 1 || query.limit > 100) refuse(errc::invalid_query, "limit is from 1 to 100");
    if (query.since_run < 1) refuse(errc::invalid_query, "since_run is at least 1");
    if (query.trust_cursor_for.count() < 0) refuse(errc::invalid_query, "trust_cursor_for must not be negative");
}

}  // namespace

client::client(executor_type executor, client_options options)
    : executor_(std::move(executor)), core_(make_core(executor_, std::move(options)))
{}

client::client(executor_type executor, std::shared_ptr<paging::client_core> core) noexcept
    : executor_(std::move(executor)), core_(std::move(core))
{}

client::client(client&&) noexcept = default;
client& client::operator=(client&&) noexcept = default;
client::~client() = default;

post_stream client::posts(posts_query query) { return posts(std::move(query), position()); }

post_stream client::posts(posts_query query, const position& from)
{
    if (core_->closed()) refuse(errc::client_closed);
    check(query);
    if (!from.belongs_to(query)) refuse(errc::position_mismatch);
    (void)core_->transport()->target(query.identifier, query.account_id, query.limit, query.is_company,
                                     from.inside().cursor);
    auto stream = std::make_shared<paging::stream_core>(core_, std::move(query), from);
    core_->add(*stream);
    return post_stream(executor_, std::move(stream));
}

connection_stats client::connections() const noexcept
{
    const auto s = core_->transport()->stats();
    return {.open = s.open,
            .idle = s.idle,
            .waiting = s.waiting,
            .opened = s.opened,
            .reused = s.reused,
            .replayed = s.replayed};
}

void client::close() noexcept { core_->close(); }

}  // namespace unipile
