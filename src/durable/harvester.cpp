#include <unipile/store/harvester.hpp>

#include "durable/harvester_core.hpp"

#include <boost/asio/any_completion_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

#include <stdexcept>
#include <string>
#include <utility>

namespace unipile::store {

namespace asio = boost::asio;
using durable::harvester_core;

namespace {

[[noreturn]] void refuse(const char* what) { throw std::invalid_argument(std::string("harvester_options: ") + what); }

void check(const store_writer& writer, const harvester_options& options)
{
    const harvest_options& h = options.harvest;
    if (h.load_ledger || h.save_ledger || h.admit)
        refuse("the store keeps the ledgers; leave load_ledger, save_ledger and admit of harvest empty");
    if (options.limit < 1 || options.limit > 100) refuse("limit is 1 to 100");
    if (options.max_unstored_bytes < 1) refuse("max_unstored_bytes is at least 1");
    if (options.client.clock && writer.share())
        refuse("workers that share a store have its clock; leave client.clock empty");
}

harvest_stream begin(client& api, std::unique_ptr<job_source> source, harvest_options options)
{
    return api.harvest(std::move(source), std::move(options));
}

std::shared_ptr<harvester_core> made(const asio::any_io_executor& executor, store_writer& writer, std::int64_t run,
                                     harvester_options options)
{
    check(writer, options);
    client api(executor, options.client);
    return harvester_core::make(std::move(api), writer, run, std::move(options), begin);
}

/// The slot's handler. The signal may be emitted on another thread.
struct canceller {
    canceller(const std::shared_ptr<harvester_core>& c) : core(c) {}  // NOLINT(google-explicit-constructor)

    void operator()(asio::cancellation_type type) const
    {
        const auto held = core.lock();
        if (type == asio::cancellation_type::none || !held) return;
        asio::dispatch(held->executor(), [core = core] {
            if (const auto c = core.lock()) c->cancel();
        });
    }

    std::weak_ptr<harvester_core> core;
};

}  // namespace

harvester::harvester(executor_type executor, store_writer& writer, std::int64_t run, harvester_options options)
    : harvester(made(executor, writer, run, std::move(options)))
{}

harvester::harvester(std::shared_ptr<harvester_core> core) noexcept
    : executor_(core->executor()), core_(std::move(core))
{}

harvester::~harvester() { core_->cancel(); }

void harvester::initiate_run::operator()(durable::run_handler handler) const
{
    auto slot = handler.get_cancellation_slot();
    asio::any_completion_executor own =
        asio::prefer(asio::get_associated_executor(handler, executor), asio::execution::outstanding_work.tracked);
    if (slot.is_connected()) slot.emplace<canceller>(core);
    asio::post(executor, [core = core, own = std::move(own), handler = std::move(handler)]() mutable {
        core->start(std::move(handler), std::move(own));
    });
}

void harvester::stop() { core_->stop(); }

void harvester::cancel() { core_->cancel(); }

void harvester::pause() { core_->set_paused(true); }

void harvester::resume() { core_->set_paused(false); }

void harvester::set_max_connections(std::size_t n) { core_->set_max_connections(n); }

bool harvester::park(std::string_view account, std::string reason) { return core_->park(account, std::move(reason)); }

bool harvester::unpark(std::string_view account) { return core_->unpark(account); }

bool harvester::set_pace(std::string_view account, std::optional<pacing> rules)
{
    return core_->set_pace(account, std::move(rules));
}

const harvester_stats& harvester::stats() const noexcept { return core_->stats(); }

void harvester::accounts(const std::function<void(const account_status&)>& visit) const
{
    core_->stream().accounts(visit);
}

std::optional<harvest_outage> harvester::outage() const { return core_->stream().outage(); }

const std::optional<failure>& harvester::last_failure() const noexcept { return core_->last_failure(); }

}  // namespace unipile::store
