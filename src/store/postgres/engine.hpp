// The writing side on PostgreSQL.
#pragma once

#include "store/postgres/batch.hpp"
#include "store/postgres/connection.hpp"
#include "store/postgres/memory.hpp"
#include "store/postgres/worker.hpp"

#include <unipile/store/postgres.hpp>

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace unipile::store::postgres {

class postgres_engine final : public engine {
public:
    /// `withdrawn_at_once`: how many jobs of a run the end of an import looks at in one transaction.
    postgres_engine(const std::string& text, const postgres_options& options, std::size_t withdrawn_at_once = 5'000);

    std::vector<operation_result> apply(std::span<const operation> operations) override;
    void commit() override;
    std::size_t uncommitted_bytes() const noexcept override { return 0; }
    bool in_transaction() const noexcept override { return false; }
    bool is_durable_when_applied() const noexcept override { return true; }
    const account_share* share() const noexcept override
    {
        return me_ && !me_->share().is_alone() ? &me_->share() : nullptr;
    }

private:
    using clock = std::chrono::steady_clock;
    // The time that repetitions of one transaction may take.
    struct repetition {
        clock::time_point until;
        std::chrono::milliseconds pause{10};
        clock::time_point began = clock::now();
    };

    connection_options with_hook();
    void connect(clock::time_point until);
    store_format open_tables(const lease_options& leases);
    void enter();
    std::vector<operation_result> apply_in_parts(std::span<const operation> operations);
    std::vector<operation_result> end_import_in_parts(const operation& op);
    std::vector<operation_result> apply_whole(std::span<const operation> operations);
    std::vector<operation_result> fail_page(const page_write& page, const database_error& why);
    void prepare_repetition(const database_error& why, repetition& r);
    void look_again(const fence_set& tried, repetition& r);
    void begin_try();
    bool has_arrived(const fence_set& tried, repetition& r);
    bool look_at(const fence_set& tried, repetition& r);
    static fence_verdict one_of(const std::vector<fence_verdict>& verdicts);
    bool follow(const std::vector<fence_verdict>& verdicts, const fence_set& tried,
                const std::vector<bucket_row>& found, repetition& r);
    void refuse(fence_verdict verdict);
    void refuse_if_upgraded(const std::exception& why);
    void pause(repetition& r) const;

    postgres_options options_;
    conninfo where_;
    bool connecting_ = false;
    bool was_reached_ = false;
    connection db_;
    memory memory_;
    std::unique_ptr<worker> me_;  // null: `access::control`
    worker_view view_;
    const std::size_t withdrawn_at_once_;
    bool failed_ = false;
    std::string failure_;
};

}  // namespace unipile::store::postgres
