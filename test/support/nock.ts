/** nock, asleep but in the suites that use it: it takes hold of every connection of the process, streams' back-pressure with it. */
import nock from 'nock';

nock.restore();

/** Wakes nock for a suite and closes the network to it; call inside `describe`. */
export function useNock(): typeof nock {
  before(() => {
    nock.activate();
    nock.disableNetConnect();
  });
  after(() => {
    nock.cleanAll();
    nock.enableNetConnect();
    nock.restore();
  });
  return nock;
}
