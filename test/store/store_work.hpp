// Work for a store's writer.
#pragma once

#include "harness.hpp"

#include <unipile/store/writer.hpp>

#include <exception>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace unipile::store::test {

inline writer_options slow_groups()
{
    writer_options o;
    o.group_delay = 1h;
    return o;
}

// A claimed job of an engine or a writer.
template <class Store>
std::int64_t one_job(Store& store, const std::string& identifier)
{
    const auto run = store.perform(begin_run{{}, at_second(0)}).run;
    store.perform(add_jobs{run, {{"a", identifier, false}}});
    return store.perform(claim_jobs{run, "a", 1, at_second(0)}).front().job;
}

template <operation_type Op>
store_work work_of(Op op, std::function<void(const std::exception_ptr&)> durable = {})
{
    store_work w;
    w.operations.emplace_back(std::move(op));
    w.durable = std::move(durable);
    return w;
}

// Work that calls a function on the writer's thread.
inline store_work call(std::function<void()> f)
{
    store_work w;
    w.applied = [f = std::move(f)](const std::exception_ptr&, std::vector<operation_result>&) { f(); };
    return w;
}

inline save_account row_of_bytes(std::string account, std::size_t bytes)
{
    save_account save;
    save.row.account = std::move(account);
    save.row.ledger.assign(bytes, 'l');
    return save;
}

}  // namespace unipile::store::test
