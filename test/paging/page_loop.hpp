// The simplest loop over pages: a request when it is asked for one, and a record of what became of it.
#pragma once

#include "scripted.hpp"

#include "paging/page_reader.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace unipile::test {

class page_loop final : public paging::page_reader {
public:
    explicit page_loop(std::shared_ptr<paging::client_core> client,
                       posts_query query = {.account_id = "acc", .identifier = "id"}, const position& from = {})
        : page_reader(client, client->settings(), std::move(query), from, client->options().read_ahead)
    {}

    static std::shared_ptr<page_loop> of(scripted_client& client,
                                         posts_query query = {.account_id = "acc", .identifier = "id"},
                                         const position& from = {})
    {
        auto made = std::make_shared<page_loop>(client.core, std::move(query), from);
        client.core->add(*made);
        return made;
    }

    /// False: the listing has ended instead.
    bool ask()
    {
        begin();
        if (state().over() || !choose_page()) return false;
        request();
        return true;
    }
    using page_reader::attempts;
    using page_reader::cancel;
    using page_reader::forget_attempt;

    std::vector<std::string> ids;
    std::vector<paging::page_outcome> outcomes;
    std::vector<std::string> quarantined_texts;

private:
    void posts_arrived() override
    {
        listing_.release_lent();
        for (const auto& p : listing_.lend()) ids.emplace_back(p.id());
        taken();
    }
    void quarantined(const quarantined_item& item) override { quarantined_texts.push_back(item.raw); }
    void page_over(paging::page_outcome outcome) override
    {
        if (state().has_post()) posts_arrived();
        outcomes.push_back(std::move(outcome));
    }
};

}  // namespace unipile::test
