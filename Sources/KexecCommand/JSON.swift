internal import ByteCoding

/// A JSON value, written as in RFC 8259.
///
/// It says that it is Sendable: Swift 6.2 finds a circular reference when it derives that in a debug build.
enum JSON: Sendable {
  case null
  case bool(Bool)
  case number(UInt64)
  case string(String)
  case array([JSON])
  /// Members in the order in which they are printed.
  case object([(String, JSON)])

  /// A whole document with these members. The schema version comes first:
  /// docs/json-schema/kexec-1.json.
  static func document(_ members: [(String, JSON)]) -> JSON {
    .object([("schema", .number(1))] + members)
  }

  static func optional(_ value: String?) -> JSON { value.map(JSON.string) ?? .null }

  static func optional(_ value: UInt64?) -> JSON { value.map(JSON.number) ?? .null }

  /// The value as indented text that ends with a newline.
  var text: String { indented(by: 0) + "\n" }

  private func indented(by depth: Int) -> String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .number(let value): String(value)
    case .string(let value): Self.quoted(value)
    case .array(let values):
      Self.block("[", values.map { $0.indented(by: depth + 1) }, "]", depth)
    case .object(let members):
      Self.block(
        "{", members.map { "\(Self.quoted($0.0)): \($0.1.indented(by: depth + 1))" }, "}", depth)
    }
  }

  private static func block(
    _ open: String, _ items: [String], _ close: String, _ depth: Int
  ) -> String {
    guard !items.isEmpty else { return open + close }
    let indent = String(repeating: "  ", count: depth + 1)
    let body = items.map { indent + $0 }.joined(separator: ",\n")
    return "\(open)\n\(body)\n\(indent.dropLast(2))\(close)"
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      // Not valid UTF-8, which JSON requires.
      case _ where String(scalar).losslessByteCount == 1 && !scalar.isASCII:
        result += "\\ufffd"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
