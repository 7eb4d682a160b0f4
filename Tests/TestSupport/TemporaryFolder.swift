import Foundation

/// A folder for a test, which is removed with its contents when the last reference to it ends.
public final class TemporaryFolder: Sendable {
    /// The path, without symbolic links.
    public let path: String

    public init() {
        let parent = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
        path = parent.appendingPathComponent("b2watch-\(UUID().uuidString.lowercased())").path
        guard mkdir(path, 0o777) == 0 else { fatalError("a folder for a test cannot be made: \(path)") }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Returns the path of a name in the folder.
    public func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file in the folder.
    ///
    /// - Returns: Its path.
    public func write(_ name: String, _ text: String, mode: Int = 0o600) throws -> String {
        try write(name, Array(text.utf8), mode: mode)
    }

    /// Creates a file in the folder.
    ///
    /// - Returns: Its path.
    public func write(_ name: String, _ bytes: [UInt8], mode: Int = 0o600) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file(name))
        return file(name)
    }

    /// Removes a name from the folder.
    public func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: file(name))
    }

    /// Renames something in the folder.
    public func rename(_ name: String, _ other: String) throws {
        try FileManager.default.moveItem(atPath: file(name), toPath: file(other))
    }

    /// Returns the permissions of a file, such as 0o600.
    public static func mode(of path: String) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int ?? -1
    }
}
