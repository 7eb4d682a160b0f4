internal import Foundation

/// What a screen can tell the terminal beside what it shows. Between two frames, as all else on the screen's thread.
extension Screen {
    /// The most bytes that `copy(_:)` takes: in base 64, with what stands around them, they are the 100,000 bytes that
    /// terminals take in one sequence.
    public static let longestCopy = 74_994

    /// Asks the terminal to put bytes on the clipboard (OSC 52). Whether it does, it does not tell.
    ///
    /// xterm does so with `allowWindowOps`, tmux with `set -s set-clipboard on`; tmux then hands it on to the terminal
    /// around it by itself, so nothing is wrapped for it.
    ///
    /// - Returns: Whether it was sent; false for more than `longestCopy` bytes, which belong in a file.
    @discardableResult
    public func copy(_ bytes: [UInt8]) -> Bool {
        guard !isClosed, bytes.count <= Self.longestCopy else { return false }
        write(Array("\u{1b}]52;c;".utf8) + Data(bytes).base64EncodedData() + [ASCII.bell])
        return true
    }

    /// Rings the terminal's bell.
    public func ring() {
        guard !isClosed else { return }
        write([ASCII.bell])
    }
}
