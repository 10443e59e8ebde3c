// Writes JSON text member by member, optionally with the deviations of real answers.
#pragma once

#include "simulator/random.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace unipile::simulator {

/// Appends to a string. Every string that is passed must be escaped already.
///
/// With deviations, members change form, disappear or move; those written with `identity` never do.
class json_writer {
public:
    explicit json_writer(std::string& out) : out_(out) {}

    /// From now on, applies these bits of `deviation`, with choices that follow from the seed.
    void deviate(unsigned deviations, std::uint64_t seed);
    bool deviates(unsigned deviation) const { return (deviations_ & deviation) != 0; }
    /// Returns the random numbers for deviations, separate from those for the content.
    rng& dice() { return dice_; }

    void begin_item();
    void end_item() { end('}'); }

    /// Returns false if the member was left out or is null: nothing may be written into it, and it is not ended.
    bool begin_object(std::string_view name);
    void end_object() { end('}'); }
    void begin_array(std::string_view name);
    void end_array()
    {
        out_ += ']';
        first_ = false;
    }

    void identity(std::string_view name, std::string_view text);
    void text(std::string_view name, std::string_view text);
    template <std::integral Number>
    void number(std::string_view name, Number value)
    {
        static_assert(!std::same_as<Number, bool>);
        integer(name, static_cast<std::int64_t>(value));
    }
    void real(std::string_view name, double value);
    void boolean(std::string_view name, bool value);
    void null(std::string_view name);
    /// Writes a member with its value as given.
    void raw(std::string_view name, std::string_view value);

private:
    struct object {
        std::vector<std::size_t> members;  ///< where each member starts; only kept for `key_order`
        std::size_t last = SIZE_MAX;       ///< the discriminator, which is moved to the end
    };

    void integer(std::string_view name, std::int64_t value);
    void key(std::string_view name);
    void begin(char bracket);
    void end(char bracket);
    void shuffle(const object& complete);
    bool left_out();
    bool replaced_by_null(std::string_view name);
    bool happens(unsigned deviation) { return deviates(deviation) && dice_.below(6) == 0; }

    std::string& out_;
    bool first_ = true;
    unsigned deviations_ = 0;
    rng dice_{0};
    std::vector<object> open_;
    std::string scratch_;
};

}  // namespace unipile::simulator
