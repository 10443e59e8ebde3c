// Deviations of an answer from the contract.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

#pragma GCC visibility push(default)
namespace unipile {

/// How a field deviates from the contract. Unknown fields, providers and attachment kinds are no anomalies: the API
/// may grow at any time.
enum class anomaly_kind : unsigned char {
    missing_field,  ///< a field that the contract requires is absent
    null_field,     ///< null, where the contract doesn't allow null; the typed field is empty
    /// another type; the typed field holds the value if it can be converted (`"4"`, `1`), else it is empty
    wrong_type,
    odd_number,         ///< a number that its field can't hold (`4.5` posts, `1e400`); the typed field is empty
    bad_text,           ///< a lone surrogate or invalid UTF-8; U+FFFD in the typed field
    bad_time,           ///< a time stamp that can't be read
    duplicate_key,      ///< a known field occurs twice in one object; the last one counts
    too_many_elements,  ///< an array of more than 1,000 elements; the first 1,000 are typed
    unexpected_value,   ///< a constant of the contract with another value
};

/// Returns the enumerator's name; never null.
const char* to_string(anomaly_kind k) noexcept;
std::ostream& operator<<(std::ostream& out, anomaly_kind k);

/// One deviation from the contract. Holds static text only: names from the contract, never the server's text. A
/// deviation that occurs in several elements of one array is recorded once.
struct anomaly {
    anomaly_kind kind = anomaly_kind::missing_field;
    std::string_view
        object;  ///< the object within the item, `repost_content.author` or `attachments[]`; empty: the item itself
    std::string_view field;  ///< its field; empty: an array's element, or a field that is not in the contract

    /// Returns `object.field`, or `object` if there is no field, or `item` if there is neither.
    std::string path() const;
    friend bool operator==(const anomaly&, const anomaly&) = default;
};

/// Prints `kind path`, e.g. `missing_field author.name`.
std::ostream& operator<<(std::ostream& out, const anomaly& a);

}  // namespace unipile
#pragma GCC visibility pop
