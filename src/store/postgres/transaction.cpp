#include "store/postgres/transaction.hpp"

#include "store/postgres/statements.hpp"

#include <iterator>
#include <utility>

namespace unipile::store::postgres {

transaction::transaction(connection& db) : db_(db)
{
    add(query(begin));
    add(query(limit_idle_time));
    add(query(limit_statements));
}

transaction::~transaction() { roll_back(); }

void transaction::roll_back() noexcept
{
    if (!begun_ || !db_.in_transaction()) return;
    try {
        db_.run(query("ROLLBACK"));
    } catch (const store_error&) {
        db_.reset();
    }
}

void transaction::add(query q, handler then)
{
    queries_.push_back(std::move(q));
    handlers_.push_back(std::move(then));
}

void transaction::sync()
{
    // A new connection would execute the rest outside of any transaction.
    if (std::exchange(begun_, true) && !db_.in_transaction())
        throw database_error(error_kind::lost, db_.name(), {}, "the connection was lost in a transaction");
    const std::vector<query> sent = std::exchange(queries_, {});
    const std::vector<handler> handlers = std::exchange(handlers_, {});
    std::vector<rows> results = db_.run(sent);
    for (std::size_t i = 0; i < results.size(); ++i)
        if (handlers[i]) handlers[i](results[i]);
}

void transaction::commit()
{
    add(query(postgres::commit));
    committing_ = true;
    sync();
}

std::vector<rows> run_transaction(connection& db, std::vector<query> statements, std::string_view end)
{
    std::vector<query> batch;
    batch.reserve(statements.size() + 4);
    for (const char* before : {begin, limit_idle_time, limit_statements}) batch.emplace_back(before);
    std::move(statements.begin(), statements.end(), std::back_inserter(batch));
    batch.emplace_back(end);
    std::vector<rows> results = db.run(batch);
    results.pop_back();
    results.erase(results.begin(), results.begin() + 3);
    return results;
}

}  // namespace unipile::store::postgres
