#include "bounded_policy.hpp"
#include "client_core.hpp"
#include "serial_executor.hpp"
#include "stream_core.hpp"

#include "http/durations.hpp"

#include <unipile/client.hpp>

#include <utility>

namespace unipile {

namespace {

std::shared_ptr<paging::client_core> make_core(const client::executor_type& executor, client_options options)
{
    paging::require_serial(executor);
    options.retry = paging::bounded(std::move(options.retry));
    http::bound_durations(options);
    auto transport = http::transport::create(executor, options);
    return std::make_shared<paging::client_core>(std::move(options), std::move(transport));
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

post_stream client::posts(posts_query query, const position& from, const call_options& options)
{
    core_->check(query, from);
    auto stream = std::make_shared<paging::stream_core>(core_, core_->settings(options), std::move(query), from);
    core_->add(*stream);
    return detail::access::make<post_stream>(executor_, std::move(stream));
}

connection_stats client::connections() const noexcept
{
    const auto s = core_->transport()->stats();
    return {.open = s.open,
            .idle = s.idle,
            .waiting = core_->waiting(),
            .opened = s.opened,
            .reused = s.reused,
            .replayed = s.replayed};
}

void client::close() noexcept { core_->close(); }

}  // namespace unipile
