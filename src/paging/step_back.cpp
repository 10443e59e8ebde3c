#include "step_back.hpp"

namespace unipile::paging {

step_back::next step_back::before_request(const follow_up& f) noexcept
{
    if (phase_ != phase::plain || !f.has_cursor || !f.aged) return next::follow;
    if (!f.knows_last) return next::lost;
    phase_ = phase::rereading;
    refused_ = false;
    return next::reread;
}

step_back::verdict step_back::refused(const follow_up& f) noexcept
{
    if (phase_ == phase::rereading) return verdict::unconfirmed;
    if (!f.has_cursor || !f.knows_last) return verdict::failed;
    if (phase_ == phase::renewed && refused_) return same_ && f.lives ? verdict::confirmed : verdict::unconfirmed;
    phase_ = phase::rereading;
    refused_ = true;
    return verdict::reread;
}

void step_back::page_ended(bool same) noexcept
{
    same_ = same;
    phase_ = phase_ == phase::rereading ? phase::renewed : phase::plain;
}

}  // namespace unipile::paging
