#include "store/postgres/transaction.hpp"

#include "store/postgres/statements.hpp"

#include <utility>

namespace unipile::store::postgres {

transaction::transaction(connection& db) : db_(db)
{
    add(query(begin));
    // A server ends the transaction of a worker that was stopped inside it, whose locks others would wait for.
    add(query("SET LOCAL idle_in_transaction_session_timeout = '15s'"));
    add(query("SET LOCAL statement_timeout = '100s'"));
}

transaction::~transaction()
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

}  // namespace unipile::store::postgres
