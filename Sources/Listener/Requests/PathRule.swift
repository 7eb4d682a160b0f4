/// Which request targets are ours: the path that was set and everything below it.
///
/// Paths are compared byte by byte; nothing is percent-decoded.
struct PathRule: Sendable {
    /// Without its trailing slashes; empty takes every path.
    private let path: [UInt8]

    init(_ setting: String) {
        var path = Array(setting.utf8)
        while path.last == UInt8(ascii: "/") { path.removeLast() }
        if let first = path.first, first != UInt8(ascii: "/") { path.insert(UInt8(ascii: "/"), at: 0) }
        self.path = path
    }

    /// Whether a target is the path or lies below it.
    func takes(_ target: String) -> Bool {
        if path.isEmpty { return true }
        let other = Self.path(of: target)
        guard other.starts(with: path) else { return false }
        return other.dropFirst(path.count).first.map { $0 == UInt8(ascii: "/") } ?? true
    }

    /// Whether a target names a path: it begins with a slash, or is an absolute URL of HTTP (RFC 9112, 3.2).
    static func namesPath(_ target: String) -> Bool {
        target.hasPrefix("/") || afterScheme(target[...]) != nil
    }

    /// The path of a target: without its query, and of an absolute URL what follows the host.
    static func path(of target: String) -> Substring.UTF8View {
        let end = target.utf8.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? target.endIndex
        let bare = target[..<end]
        guard !bare.hasPrefix("/"), let authority = afterScheme(bare) else { return bare.utf8 }
        guard let slash = authority.utf8.firstIndex(of: UInt8(ascii: "/")) else { return Substring("/").utf8 }
        return authority[slash...].utf8
    }

    private static func afterScheme(_ target: Substring) -> Substring? {
        for scheme in ["http://", "https://"] where target.prefix(scheme.count).lowercased() == scheme {
            return target.dropFirst(scheme.count)
        }
        return nil
    }
}
