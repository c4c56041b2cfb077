from setuptools import find_packages, setup

package_name = 'vla_monitoring'

setup(
    name=package_name,
    version='0.1.0',
    packages=find_packages(exclude=['test']),
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/' + package_name]),
        ('share/' + package_name, ['package.xml']),
    ],
    install_requires=['setuptools'],
    zip_safe=True,
    maintainer='vla maintainers',
    maintainer_email='maintainers@example.com',
    description='RViz markers, diagnostics, watchdogs and failure detection.',
    license='Apache-2.0',
    entry_points={'console_scripts': [
        'failure_detector = vla_monitoring.detection:main',
        'foxglove_bridge = vla_monitoring.foxglove_bridge:main',
        'run_recorder = vla_monitoring.run_log:main',
        'stop_key = vla_monitoring.supervision.stop_key:main',
        'supervisor = vla_monitoring.supervision:main',
        'visualisation = vla_monitoring.visualisation:main',
        'web_view = vla_monitoring.web:main',
    ]},
)
