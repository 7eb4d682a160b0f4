package import Foundation

/// Functions of the C library that Swift does not import, because its headers require `_GNU_SOURCE`.
package enum GNU {
    /// Creates a pipe that no child process inherits.
    package static func pipe2(_ ends: UnsafeMutablePointer<Int32>, _ flags: Int32) -> Int32 {
        typealias Function = @convention(c) (UnsafeMutablePointer<Int32>, Int32) -> Int32
        return function("pipe2", Function.self)(ends, flags)
    }

    /// Closes every descriptor from this one on in a child.
    package static func closeFrom(_ actions: UnsafeMutablePointer<posix_spawn_file_actions_t>, _ first: Int32) {
        typealias Function = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
        _ = function("posix_spawn_file_actions_addclosefrom_np", Function.self)(actions, first)
    }

    /// Makes a child the leader of a session: `POSIX_SPAWN_SETSID` of glibc's spawn.h.
    package static let spawnSetsSession: Int32 = 0x80

    private static func function<Function>(_ name: String, _ type: Function.Type) -> Function {
        guard let symbol = dlsym(nil, name) else { fatalError("the C library has no \(name)") }
        return unsafeBitCast(symbol, to: type)
    }
}
