/// What a secret is called: 1 to 40 ASCII letters, digits, dots, hyphens and underscores.
public enum SecretLabel {
    private static let longest = 40

    public static func isValid(_ text: some StringProtocol) -> Bool {
        (1...longest).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    /// A label made of a file's name: without its folder and extension, other characters left out.
    static func ofFile(_ path: String) -> String {
        let name = path.split(separator: "/").last ?? ""
        let stem = name.split(separator: ".").first ?? name
        let label = String(stem.filter { isValid(String($0)) }.prefix(longest))
        return label.isEmpty ? "secret" : label
    }

    /// The label, or with a number behind it where it is taken.
    public static func free(_ label: String, among taken: some Sequence<String>) -> String {
        let taken = Set(taken)
        guard taken.contains(label) else { return label }
        return (2...).lazy.map { numbered(label, $0) }.first { !taken.contains($0) } ?? label
    }

    /// A label with a number behind it, cut so that it is a label still.
    static func numbered(_ label: String, _ number: Int) -> String {
        let ending = "-\(number)"
        return label.prefix(longest - ending.utf8.count) + ending
    }
}
