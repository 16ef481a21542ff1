#include "testing/fake_selector.hpp"

#include <algorithm>
#include <charconv>

#include "testing/fake_json.hpp"

namespace marea::testing::fake {

namespace {

using Operation = LabelRequirement::Operation;

// --- Label selectors: words, and the signs = == != ! ( ) , < > ----------------------------------

bool IsSign(char c) {
  return std::string_view("=!(),<>").find(c) != std::string_view::npos;
}

std::vector<std::string> Tokens(std::string_view text) {
  std::vector<std::string> tokens;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (c == ' ' || c == '\t') {
      ++at;
    } else if ((c == '=' || c == '!') && at + 1 < text.size() && text[at + 1] == '=') {
      tokens.emplace_back(text.substr(at, 2));
      at += 2;
    } else if (IsSign(c)) {
      tokens.emplace_back(1, c);
      ++at;
    } else {
      std::size_t end = at;
      while (end < text.size() && !IsSign(text[end]) && text[end] != ' ' && text[end] != '\t') ++end;
      tokens.emplace_back(text.substr(at, end - at));
      at = end;
    }
  }
  return tokens;
}

bool IsWord(std::string_view token) {
  return !token.empty() && !IsSign(token.front());
}

class LabelParser {
 public:
  explicit LabelParser(std::string_view text) : tokens_(Tokens(text)) {}

  Answer<std::vector<LabelRequirement>> All() {
    std::vector<LabelRequirement> all;
    while (at_ < tokens_.size()) {
      auto one = One();
      if (!one) return Refuse(one.error());
      all.push_back(std::move(*one));
      if (at_ < tokens_.size() && tokens_[at_] != ",") return Unexpected("',' or 'end of string'");
      if (++at_ == tokens_.size()) return Unexpected("identifier after ','");
    }
    return all;
  }

 private:
  std::string Next() const { return at_ < tokens_.size() ? tokens_[at_] : std::string(); }

  tl::unexpected<Refusal> Unexpected(std::string_view expected) const {
    return Refuse(BadRequest("unable to parse requirement: found '" + Next() +
                             "', expected: " + std::string(expected)));
  }

  Answer<LabelRequirement> One() {
    const bool absent = Next() == "!";
    if (absent) ++at_;
    if (!IsWord(Next())) return Unexpected("!, identifier");
    const std::string key = tokens_[at_++];
    if (absent) return LabelRequirement{key, Operation::kAbsent, {}};
    const std::string operation = Next();
    if (operation.empty() || operation == ",") return LabelRequirement{key, Operation::kExists, {}};
    ++at_;
    if (operation == "in" || operation == "notin") return Set(key, operation == "in");
    if (operation == "=" || operation == "==") return Single(key, Operation::kIn);
    if (operation == "!=") return Single(key, Operation::kNotIn);
    if (operation == ">") return Single(key, Operation::kGreater);
    if (operation == "<") return Single(key, Operation::kLess);
    --at_;
    return Unexpected("in, notin, =, ==, !=, gt, lt");
  }

  Answer<LabelRequirement> Single(const std::string& key, Operation operation) {
    const std::string value = IsWord(Next()) ? tokens_[at_++] : std::string();
    return LabelRequirement{key, operation, {value}};
  }

  Answer<LabelRequirement> Set(const std::string& key, bool in) {
    if (Next() != "(") return Unexpected("'('");
    ++at_;
    LabelRequirement set{key, in ? Operation::kIn : Operation::kNotIn, {}};
    while (true) {
      set.values.push_back(IsWord(Next()) ? tokens_[at_++] : std::string());
      const std::string sign = Next();
      if (sign != "," && sign != ")") return Unexpected("',' or ')'");
      ++at_;
      if (sign == ")") return set;
    }
  }

  std::vector<std::string> tokens_;
  std::size_t at_ = 0;
};

bool Compare(const std::string& have, const std::string& limit, bool greater) {
  std::int64_t a = 0, b = 0;
  const auto read = [](const std::string& text, std::int64_t& number) {
    return std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc();
  };
  return read(have, a) && read(limit, b) && (greater ? a > b : a < b);
}

bool Holds(const LabelRequirement& requirement, const Json& labels) {
  const Json& label = At(labels, requirement.key.c_str());
  const auto* value = label.get_ptr<const std::string*>();
  const auto listed = [&] {
    return std::ranges::find(requirement.values, *value) != requirement.values.end();
  };
  switch (requirement.operation) {
    case Operation::kExists:
      return value != nullptr;
    case Operation::kAbsent:
      return value == nullptr;
    case Operation::kIn:
      return value != nullptr && listed();
    case Operation::kNotIn:
      return value == nullptr || !listed();
    case Operation::kGreater:
      return value != nullptr && Compare(*value, requirement.values[0], true);
    case Operation::kLess:
      return value != nullptr && Compare(*value, requirement.values[0], false);
  }
  return false;
}

// --- Field selectors: terms of path=value, path==value, path!=value ------------------------------

std::vector<std::string> Terms(std::string_view text) {
  std::vector<std::string> terms(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      terms.back() += text.substr(i++, 2);
    } else if (text[i] == ',') {
      terms.emplace_back();
    } else {
      terms.back() += text[i];
    }
  }
  std::erase(terms, "");
  return terms;
}

std::string Unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    plain += text[i];
  }
  return plain;
}

Answer<FieldRequirement> ParseField(const Kind& kind, const std::string& term) {
  const std::size_t sign = term.find_first_of("=!");
  const bool unequal = sign != std::string::npos && term.compare(sign, 2, "!=") == 0;
  if (sign == std::string::npos || (term[sign] == '!' && !unequal)) {
    return Refuse(BadRequest("invalid selector: '" + term + "'; can't understand '" + term + "'"));
  }
  const std::size_t length = unequal || term.compare(sign, 2, "==") == 0 ? 2 : 1;
  FieldRequirement field{term.substr(0, sign), !unequal, Unescaped(term.substr(sign + length))};
  const bool known = field.path == "metadata.name" || (field.path == "metadata.namespace") ||
                     std::ranges::find(kind.fields, field.path) != kind.fields.end();
  if (!known) {
    return Refuse(BadRequest(kind.custom() ? "field label not supported: " + field.path
                                           : "\"" + field.path +
                                                 "\" is not a known field selector: only "
                                                 "\"metadata.name\", \"metadata.namespace\""));
  }
  return field;
}

std::string ValueOf(const Json& object, const std::string& path) {
  const Json* value = &object;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    value = &At(*value, path.substr(begin, end - begin).c_str());
    begin = end + 1;
  }
  if (value->is_string()) return value->get<std::string>();
  if (value->is_null()) {
    // Booleans of core kinds are left out when they are false.
    return path == "spec.unschedulable" || path == "spec.hostNetwork" ? "false" : "";
  }
  return Dump(*value);
}

}  // namespace

Answer<Selector> Selector::Parse(const Kind& kind, std::string_view labels, std::string_view fields) {
  Selector selector;
  auto parsed = LabelParser(labels).All();
  if (!parsed) return Refuse(parsed.error());
  selector.labels_ = std::move(*parsed);
  for (const std::string& term : Terms(fields)) {
    auto field = ParseField(kind, term);
    if (!field) return Refuse(field.error());
    selector.fields_.push_back(std::move(*field));
  }
  return selector;
}

bool Selector::Matches(const Json& object) const {
  const Json& labels = At(object, "metadata", "labels");
  return std::ranges::all_of(labels_, [&](const auto& requirement) { return Holds(requirement, labels); }) &&
         std::ranges::all_of(fields_, [&](const auto& field) {
           return (ValueOf(object, field.path) == field.value) == field.equal;
         });
}

}  // namespace marea::testing::fake
