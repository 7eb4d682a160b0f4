/// What a path names: something by its name in a folder, told apart as `dirname` and `basename` do.
///
/// Foundation's `deletingLastPathComponent` traps on a path of one character that is no slash.
public struct PathParts: Sendable, Hashable {
    /// Where it is: `.` if the path names no folder. A slash stands at its end only if it is the root.
    public let folder: String
    /// What it is called there, without the slashes behind it: `/` for the root itself.
    public let name: String

    public init(_ path: String) {
        // By bytes: a combining mark behind a slash does not make it another one.
        let bytes = path.utf8
        let slash = UInt8(ascii: "/")
        guard let last = bytes.lastIndex(where: { $0 != slash }) else {
            folder = path.isEmpty ? "." : "/"
            name = path.isEmpty ? "" : "/"
            return
        }
        let end = bytes.index(after: last)
        guard let start = bytes[..<end].lastIndex(of: slash) else {
            folder = "."
            name = String(path[..<end])
            return
        }
        name = String(path[bytes.index(after: start)..<end])
        folder =
            bytes[..<start].lastIndex { $0 != slash }.map { String(path[..<bytes.index(after: $0)]) } ?? "/"
    }
}
