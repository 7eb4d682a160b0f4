internal import NIOCore

/// An address that b2watch itself listens at.
public struct OwnAddress: Sendable, Hashable {
    /// An IP address; `0.0.0.0` and `::` stand for each that this machine has.
    public var host: String
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Whether who connects to this address and port reaches what listens here.
    func isReached(at address: IPAddress, port: Int, machine: () -> Set<IPAddress>) -> Bool {
        guard port == self.port else { return false }
        // A name: which of the machine's addresses it stands for is not known, so it stands for each.
        let listening = IPAddress(host)
        if listening == address { return true }
        if let listening, !listening.isUnspecified { return address.isUnspecified && listening.isLoopback }
        return address.isLoopback || address.isUnspecified || machine().contains(address)
    }

    /// The addresses that this machine has now.
    static func ofMachine() -> Set<IPAddress> {
        let devices = (try? System.enumerateDevices()) ?? []
        return Set(devices.compactMap { $0.address?.ipAddress.flatMap { IPAddress($0) } })
    }
}
