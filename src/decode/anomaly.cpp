#include <unipile/anomaly.hpp>

#include <ostream>

namespace unipile {

const char* to_string(anomaly_kind k) noexcept
{
    switch (k) {
        case anomaly_kind::missing_field: return "missing_field";
        case anomaly_kind::null_field: return "null_field";
        case anomaly_kind::wrong_type: return "wrong_type";
        case anomaly_kind::odd_number: return "odd_number";
        case anomaly_kind::bad_text: return "bad_text";
        case anomaly_kind::bad_time: return "bad_time";
        case anomaly_kind::duplicate_key: return "duplicate_key";
        case anomaly_kind::too_many_elements: return "too_many_elements";
        case anomaly_kind::unexpected_value: return "unexpected_value";
    }
    return "unknown";
}

std::ostream& operator<<(std::ostream& out, anomaly_kind k) { return out << to_string(k); }

std::string anomaly::path() const
{
    if (field.empty()) return std::string(object.empty() ? "item" : object);
    std::string text(object);
    if (!object.empty()) text += '.';
    return text += field;
}

std::ostream& operator<<(std::ostream& out, const anomaly& a) { return out << a.kind << ' ' << a.path(); }

}  // namespace unipile
