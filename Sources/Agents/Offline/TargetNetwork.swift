// The slow copy of a value network that goals are computed with.

import Networks
import Numerics

/// Follows an online network: taken over whole every so many updates (`tau` 1; Mnih et al. 2015), or a little each time
/// (Lillicrap et al. 2016).
final class TargetNetwork {
    private let network: DenseNetwork
    private let scratch: FloatBuffer
    private let interval: Int
    private let rate: Float
    private var waiting: Int

    init(of online: DenseNetwork, _ configuration: OfflineConfiguration) {
        network = DenseNetwork(copying: online)
        scratch = FloatBuffer(online.scratchCount(batch: configuration.batchSize))
        interval = configuration.targetUpdateInterval
        rate = Float(configuration.tau)
        waiting = interval
    }

    /// batch × outputs, valid until the next call.
    func evaluate(_ input: UnsafePointer<Float>, batch: Int) -> UnsafePointer<Float> {
        network.evaluate(input, batch: batch, scratch: scratch.start)
    }

    /// To be called after every update.
    func follow(_ online: DenseNetwork) {
        waiting -= 1
        guard waiting == 0 else { return }
        waiting = interval
        if rate >= 1 { network.copy(from: online) } else { network.softUpdate(from: online, rate: rate) }
    }
}
