internal import Foundation

/// The file with the state of the screen. It reads and writes a disk: not on the screen's thread.
///
/// The state belongs to the dashboard: this module knows only its form.
public struct ViewStateFile<State: Codable & Sendable>: Sendable {
    /// Its path.
    public let path: String
    private let empty: State

    /// - Parameters:
    ///   - path: The file's path.
    ///   - empty: The state without a file.
    public init(path: String, empty: State) {
        self.path = path
        self.empty = empty
    }

    /// Reads the state. A file that is missing or broken is an empty state: it never prevents a start.
    ///
    /// - Returns: The state, and a note for a person if the file could not be used.
    public func load() -> (state: State, notice: String?) {
        do throws(FileProblem) {
            let bytes = try PrivateFile.read(path, atMost: ViewStateLimit.bytes) { status throws(FileProblem) in
                guard status.st_mode & S_IFMT == S_IFREG else { throw FileProblem(reason: "is not a file") }
            }.bytes
            guard let state = try? JSONDecoder().decode(State.self, from: Data(bytes)) else {
                throw FileProblem(reason: "is broken")
            }
            return (state, nil)
        } catch  where error.isMissing {
            return (empty, nil)
        } catch {
            return (empty, "how the screen was left is forgotten: \(path) \(error.reason)")
        }
    }

    /// Writes it whole or not at all, 0600, in a folder that is made 0700 if it is missing. Of several processes that
    /// write it, the last one wins.
    ///
    /// - Returns: Why it could not be written, as a sentence; nil if it was.
    public func save(_ state: State) -> String? {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            try PrivateFile.write([UInt8](encoder.encode(state)) + [UInt8(ascii: "\n")], to: path)
            return nil
        } catch {
            return
                "how the screen is left cannot be kept: \(path) \((error as? FileProblem)?.reason ?? "cannot be written")"
        }
    }
}

private enum ViewStateLimit {
    /// The most bytes of the file that are read: more than the largest state.
    static let bytes = 4 << 20
}
